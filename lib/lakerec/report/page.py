"""report.html: one self-contained page beside the lake; it needs no network."""

from collections.abc import Iterable, Sequence
from html import escape
from string import Template

from lakerec.report import figures
from lakerec.report.facts import Customer, Facts, Listed

PAGE = Template("""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>lakerec: what the run found</title>
<style>
  body { font: 15px/1.5 system-ui, sans-serif; color: #23303d; max-width: 68rem; margin: 2rem auto; padding: 0 1rem }
  h1 { font-size: 1.5rem; margin-bottom: 0 } h2 { font-size: 1.1rem; margin: 2.2rem 0 .4rem }
  .verdict { font-size: 1.15rem; background: #eef4f6; border-left: 4px solid #1f6f8b; padding: .7rem 1rem }
  .row { display: flex; flex-wrap: wrap; gap: 1.5rem } .row > * { flex: 1 1 22rem }
  svg { max-width: 100%; height: auto } p.note { color: #5d6b78; margin: .2rem 0 .6rem }
  table { border-collapse: collapse; width: 100% }
  th, td { text-align: left; padding: .25rem .6rem; vertical-align: top }
  th { border-bottom: 1px solid #b9c4cc } td.n { text-align: right; font-variant-numeric: tabular-nums }
  code { font-size: .85em; overflow-wrap: anywhere } ol { padding-left: 1.4rem }
  .bought { color: #1f7a4d; font-weight: 600 }
</style>
<h1>lakerec</h1>
<p class="note">$about</p>
<p class="verdict">The model $verdict.</p>
<h2>From delivery to purchase</h2>$funnel
<div class="row">
  <section><h2>The model against baselines</h2>
    <p class="note">Test window; customers known before the cut who bought something new. Whiskers: 95 %.</p>
    $baselines</section>
  <section><h2>By how much the shop knew of a customer</h2>
    <p class="note">Newcomers get bestsellers. Whiskers: 95 %.</p>$history</section>
</div>
<div class="row">
  <section><h2>Do the probabilities hold?</h2>
    <p class="note">Fitted on the calibrate window, measured on the test window; each dot holds as many candidates.</p>
    $reliability</section>
  <section><h2>From which probability on?</h2>
    <p class="note">$chosen</p>$thresholds</section>
</div>
<h2>Three customers</h2>
<p class="note">Drawn by hash from those who bought in the test window. The list is what the model would have shown
them at the cut; a tick marks what they bought later.</p>
<div class="row">$customers</div>
<h2>Set aside, with reasons</h2>
<table><tr><th>table</th><th>reason</th><th>rows</th><th>first example</th></tr>$rejects</table>
<h2>The model</h2>
<table>$model</table>
</html>
""")


def draw_page(facts: Facts) -> str:
    """The page as HTML text."""
    return PAGE.substitute(
        about=escape(f"Tables in {facts.lake}; model {facts.model.model_id} as of {facts.model.as_of:%Y-%m-%d} UTC."),
        verdict=escape(facts.verdict),
        funnel=figures.funnel(facts),
        baselines=figures.against_baselines(facts),
        history=figures.by_history(facts),
        reliability=figures.reliability(facts),
        thresholds=figures.thresholds(facts),
        chosen=escape(next((str(t.reason) for t in facts.thresholds if t.is_chosen), "No threshold could be chosen.")),
        customers="".join(_customer(customer) for customer in facts.customers),
        rejects=_rows((r.table, r.reason, f"{r.rows:,}", r.example) for r in facts.rejects),
        model=_rows((name, str(value)) for name, value in facts.model._asdict().items()),
    )


def _customer(customer: Customer) -> str:
    did = "".join(f"<li>{escape(done)}</li>" for done in customer.did)
    listed = "".join(_listed(item) for item in customer.listed)
    bought = f"<small>bought later: {escape('; '.join(customer.bought))}</small>"
    return f"<section><b>{escape(customer.user_id)}</b><ul>{did}</ul><ol>{listed}</ol>{bought}</section>"


def _listed(item: Listed) -> str:
    opening, tick = ("<li class='bought'>", " ✓") if item.is_bought else ("<li>", "")
    probability = "" if item.probability is None else f"{item.probability:.1%}"
    return f"{opening}{escape(item.name)}{tick} <small>{probability}</small></li>"


def _rows(rows: Iterable[Sequence[str]]) -> str:
    return "".join("<tr>" + "".join(_cell(text) for text in row) + "</tr>" for row in rows)


def _cell(text: str) -> str:
    return f'<td class="n">{text}</td>' if text.replace(",", "").isdigit() else f"<td><code>{escape(text)}</code></td>"
