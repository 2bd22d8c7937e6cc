// What the shop's backend does: recommend from the released model and the lake's tables, without any Python.
//
//   Recommend LAKE MODEL OUTPUT
//
// LAKE is the lake's folder or URI, MODEL the folder `sparkml` of the registered model, OUTPUT a file that gets a line per
// recommendation: user_id, rank, item_id, score, probability, is_recommended, separated by tabs.
//
// Scala adds the products of a score in the order of the factors, in double, as lakerec does: the same bits come out.

import java.io.PrintWriter

import org.apache.spark.ml.PipelineModel
import org.apache.spark.ml.recommendation.ALSModel
import org.apache.spark.sql.{DataFrame, SparkSession}
import org.apache.spark.sql.functions._

/** How a score becomes a probability: Platt scaling between two scores, or the knots of an isotonic regression. */
case class Calibration(platt: Map[String, Double], knots: Array[(Double, Double)]) {
  def probability(score: Double): Option[Double] =
    if (knots.nonEmpty) Some(along(score))
    else for (a <- platt.get("intercept"); b <- platt.get("slope")) yield 1 / (1 + math.exp(-(a + b * held(score))))

  private def held(score: Double): Double = score.max(platt("lowest_score")).min(platt("highest_score"))

  private def along(score: Double): Double = {
    val above = knots.indexWhere { case (at, _) => score <= at }
    if (above == 0) knots.head._2
    else if (above < 0) knots.last._2
    else {
      val ((x0, y0), (x1, y1)) = (knots(above - 1), knots(above))
      if (x1 == x0) y1 else y0 + (y1 - y0) / (x1 - x0) * (score - x0)
    }
  }
}

case class Recommendation(userId: String, rank: Int, itemId: String, score: Double)

object Recommend {
  def main(args: Array[String]): Unit = {
    val Array(lake, model, output) = args
    val spark = SparkSession.builder().getOrCreate()
    def table(name: String): DataFrame = spark.read.format("delta").load(s"$lake/${name.replace('.', '/')}")

    val release = table("recommendations.releases").where("status = 'live'").select("batch_id", "model_id")
    val batch = table("recommendations.batches").join(release, Seq("batch_id", "model_id")).head()
    val settings = batch.getAs[String]("settings")
    val lists = recommend(spark, table, PipelineModel.load(model).stages(0).asInstanceOf[ALSModel], settings)

    val judge = calibration(table, batch.getAs[String]("evaluated_by"))
    val threshold = table("diagnostics.thresholds")
      .where(col("model_id") === batch.getAs[String]("evaluated_by") && col("is_chosen"))
      .select("threshold").collect().headOption.map(_.getDouble(0))
    val out = new PrintWriter(output)
    for (row <- lists) {
      val probability = judge.probability(row.score)
      val isRecommended = probability.exists(p => threshold.exists(p >= _))
      val shown = probability.map(_.toString).getOrElse("")
      out.println(Seq(row.userId, row.rank, row.itemId, row.score, shown, isRecommended).mkString("\t"))
    }
    out.close()
    spark.stop()
  }

  /** Every known user's best items: not those that the user had, not those that are not available. */
  private def recommend(
      spark: SparkSession, table: String => DataFrame, model: ALSModel, settings: String
  ): Seq[Recommendation] = {
    val chosen = spark.range(1).select(
      get_json_object(lit(settings), "$.recommend.top_n").cast("int"),
      from_json(get_json_object(lit(settings), "$.recommend.mask_actions"), "array<string>", Map.empty[String, String])
    ).head()
    val (topN, maskActions) = (chosen.getInt(0), chosen.getSeq[String](1))
    val gone = table("silver.items").where("is_available = false").select("item_id")
    val itemNames = table("gold.item_index").join(gone, Seq("item_id"), "left_anti")
    val items = model.itemFactors.join(itemNames, col("id") === col("item_ix"))
      .select("item_ix", "item_id", "features").collect()
      .map(row => (row.getInt(0), row.getString(1), row.getSeq[Float](2).toArray))
    val had = table("gold.daily_interactions").where(col("action").isin(maskActions: _*))
      .groupBy("user_ix").agg(collect_set("item_ix").as("had"))
    val users = model.userFactors.join(table("gold.user_index"), col("id") === col("user_ix"))
      .join(had, Seq("user_ix"), "left").select("user_id", "features", "had").collect()
    for {
      user <- users.toSeq
      known = Option(user.getSeq[Int](2)).getOrElse(Seq.empty[Int]).toSet
      factors = user.getSeq[Float](1).toArray
      scored = for ((ix, name, features) <- items if !known(ix)) yield (dot(factors, features), name)
      ((score, name), nth) <- scored.sortBy { case (s, n) => (-s, n) }.take(topN).zipWithIndex
    } yield Recommendation(user.getString(0), nth + 1, name, score)
  }

  private def dot(a: Array[Float], b: Array[Float]): Double = {
    var sum = 0.0
    for (i <- a.indices) sum += a(i).toDouble * b(i).toDouble
    sum
  }

  /** The calibration of als from diagnostics.coefficients. */
  private def calibration(table: String => DataFrame, evaluatedBy: String): Calibration = {
    val rows = table("diagnostics.coefficients")
      .where(col("model_id") === evaluatedBy && col("part") === "calibration" && col("value").isNotNull)
      .select("name", "position", "value").collect()
      .map(row => ((row.getString(0), row.getInt(1)), row.getDouble(2))).toMap
    val knots = Iterator.from(0).map(n => rows.get(("als.knot_score", n)) zip rows.get(("als.knot_probability", n)))
      .takeWhile(_.nonEmpty).flatten.toArray
    Calibration(rows.collect { case ((name, 0), value) => name.stripPrefix("als.") -> value }, knots)
  }
}
