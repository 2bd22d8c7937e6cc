"""Folders as Arrow opens them."""

import pyarrow.fs as pafs
import pytest

from lakerec.folders import arrow_uri, is_local, open_folder


@pytest.mark.parametrize(
    ("spark", "arrow"),
    [
        ("s3a://shop/lake", "s3://shop/lake"),
        ("s3://shop/lake", "s3://shop/lake"),
        ("abfss://box@account.dfs.core.windows.net/lake", "abfs://box@account.dfs.core.windows.net/lake"),
        ("hdfs://name:8020/lake", "hdfs://name:8020/lake"),
        ("file:///lake/a b", "file:///lake/a b"),
    ],
)
def test_a_location_that_spark_takes_is_named_as_arrow_names_it(spark, arrow):
    assert arrow_uri(spark) == arrow


def test_a_local_folder_is_found_by_relative_and_absolute_path_and_by_uri(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path)

    for location in ("here", str(tmp_path / "here"), f"file://{tmp_path}/here"):
        files, path = open_folder(location)
        assert is_local(location)
        assert path == str(tmp_path / "here")
        assert files.get_file_info(path).type == pafs.FileType.Directory
