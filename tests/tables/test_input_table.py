"""Tables as people bring them: every format and header against pandas, and the true reason where none can be read."""

from __future__ import annotations

import gzip
import io
import os
import time
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from radiomics_mammo.core.column_names import meaning_of, understood
from radiomics_mammo.core.input_table import read_frame, read_header, read_input_table
from radiomics_mammo.errors import InputError

PLAIN = pd.DataFrame({"image": ["a,1.png", "b.png"], "age": [61, 70], "x": [0.5, 1.25]})


def table(folder: Path, content: bytes | str, *, name: str = "t.csv", encoding: str = "utf-8") -> Path:
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return folder / name


def cells(path: Path) -> list[dict[str, str]]:
    return [row.values for row in read_input_table(path).rows]


SPELLINGS = {
    "commas inside quotes": 'image,age,x\n"a,1.png",61,0.5\nb.png,70,1.25\n',
    "blanks after commas": 'image, age, x\n"a,1.png", 61, 0.5\nb.png , 70 , 1.25\n',
    "quoted header with commas elsewhere": '"image";"age";"x"\n"a,1.png";61;0.5\nb.png;70;1.25\n',
    "tab": "image\tage\tx\na,1.png\t61\t0.5\nb.png\t70\t1.25\n",
    "bar": "image|age|x\na,1.png|61|0.5\nb.png|70|1.25\n",
    "empty columns at the end": 'image,age,x,,\n"a,1.png",61,0.5,,\nb.png,70,1.25,,\n',
    "delimiters at the end of rows": 'image,age,x\n"a,1.png",61,0.5,\nb.png,70,1.25,\n',
    "sep= line": "sep=;\nimage;age;x\na,1.png;61;0.5\nb.png;70;1.25\n",
    "quoted sep= line": '"sep=;"\r\nimage;age;x\r\na,1.png;61;0.5\r\nb.png;70;1.25\r\n',
    "comments": '# made by hand, "2024"\n#\nimage,age,x\n"a,1.png",61,0.5\n# c.png,1,1\nb.png,70,1.25\n',
    "decimal commas": "image;age;x\na,1.png;61;0,5\nb.png;70;1,25\n",
    "blank lines": '\n\nimage,age,x\n\n"a,1.png",61,0.5\n,,\n   \nb.png,70,1.25\n\n',
    "row index of pandas": ',image,age,x\n0,"a,1.png",61,0.5\n1,b.png,70,1.25\n',
    "row index twice": 'Unnamed: 0,image,age,x\n0,"a,1.png",61,0.5\n1,b.png,70,1.25\n',
    "row index of R": '"image","age","x"\n"1","a,1.png",61,0.5\n"2","b.png",70,1.25\n',
    "old Mac": 'image,age,x\r"a,1.png",61,0.5\rb.png,70,1.25\r',
}


@pytest.mark.reported("Tables", "CSV as spreadsheets, R and pandas write it", "read as pandas reads it")
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_spellings_of_one_table(tmp_path, spelling, encoding):
    path = table(tmp_path, SPELLINGS[spelling], encoding=encoding, name="T.CSV")
    read = read_input_table(path)
    assert read.header == ("image", "age", "x") == tuple(name for name in read_header(path) if name in PLAIN)
    assert [row.values["image"] for row in read.rows] == ["a,1.png", "b.png"]
    assert [row.values["age"] for row in read.rows] == ["61", "70"]
    pd.testing.assert_frame_equal(read_frame(path)[0], PLAIN)


@pytest.mark.reported("Tables", ".xlsx, Parquet, Feather, gzipped CSV", "read, whatever the ending")
@pytest.mark.parametrize("kind", ["xlsx", "parquet", "feather", "gz"])
def test_formats(tmp_path, kind):
    path = tmp_path / "T.CSV"
    if kind == "xlsx":
        PLAIN.to_excel(tmp_path / "t.xlsx")
        (tmp_path / "t.xlsx").rename(path)
    elif kind == "gz":
        path.write_bytes(gzip.compress(PLAIN.to_csv(index=False).encode()))
    else:
        getattr(PLAIN, f"to_{kind}")(path)
    assert cells(path) == [
        {"image": "a,1.png", "age": "61", "x": "0.5"},
        {"image": "b.png", "age": "70", "x": "1.25"},
    ]
    pd.testing.assert_frame_equal(read_frame(path)[0], PLAIN)


def test_frames_are_what_pandas_reads(tmp_path):
    text = "case_id,patient_id,original_glcm_Contrast,n,when,flag\n01,007,0.1234567890123456789,3,2020-01-02,True\n"
    text += "02,,1e-300,,2020-01-03,False\n03,009,nan,5,,True\n"
    frame, notes = read_frame(table(tmp_path, text), text=lambda name: name.endswith("_id"))
    expected = pd.read_csv(io.StringIO(text), dtype={"case_id": str, "patient_id": str}, low_memory=False)
    pd.testing.assert_frame_equal(frame, expected, check_exact=True)
    assert notes == ()


def test_cells_of_workbooks(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["id", "when", "n", "bad", "flag"])
    book.active.append(["007", pd.Timestamp("2020-01-02").to_pydatetime(), 3.0, "#N/A", True])
    book.create_sheet("other").append(["x"])
    book.save(tmp_path / "t.xlsx")
    read = read_input_table(tmp_path / "t.xlsx")
    assert read.rows[0].values == {"id": "007", "when": "2020-01-02", "n": "3", "bad": "", "flag": "True"}
    assert "not 'other'" in read.notes[0]
    book.active["C2"] = "=1+1"
    book.save(tmp_path / "t.xlsx")
    with pytest.raises(InputError, match="formula in C2"):
        read_input_table(tmp_path / "t.xlsx")


def test_latin1_is_read_with_a_note(tmp_path):
    path = table(tmp_path, "image,name\nmäuse.png,Søren\n", encoding="cp1252")
    assert cells(path) == [{"image": "mäuse.png", "name": "Søren"}]
    assert read_input_table(path).notes == ("it is not UTF-8 and was read as cp1252",) == read_frame(path)[1]


def test_what_is_left_out_is_noted(tmp_path):
    (note,) = read_input_table(table(tmp_path, SPELLINGS["row index twice"])).notes
    assert note == "the column 'Unnamed: 0' numbers the rows and was left out"
    (note,) = read_input_table(table(tmp_path, SPELLINGS["comments"])).notes
    assert note == "1 lines begin with # and were left out as comments (line 5)"
    # Names that begin with # are no comments; a first column without a name that does not count is kept, as by pandas.
    assert len(cells(table(tmp_path, "case,x\n#1,1\n#2,2\n"))) == 2
    assert read_input_table(table(tmp_path, ",x\na,1\nb,2\n")).header == ("Unnamed: 0", "x")


def test_lines_are_those_of_the_file(tmp_path):
    path = table(tmp_path, '# c\nsep=,\n\nimage,name\n"a\nb",x\nc,y\n')
    assert [(row.line, row.values["image"]) for row in read_input_table(path).rows] == [(5, "a\nb"), (7, "c")]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty: no header line"),
        (b"x,y,x\n1,2,3\n", r"names a column twice: x \(columns 1, 3\)"),
        (b"x,y\n1,2,3\n1,2\n", "line 2 has 3 cells, the header 2"),
        (b"x,y\n0.1,2,3\n0.2,2,3\n", "line 2 has 3 cells, the header 2, as have 1 more lines"),
        (b'x,y\n1,2\n3,"4\n5,6\n', "line 3 is not CSV"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(32)) * 20, "is not text"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Excel workbook, or one with a password"),
        (b"PK\x03\x04...", "damaged workbook or archive"),
        (b"PAR1 no", "is damaged"),
        (b"\x1f\x8b\x08\x00", "cannot be read"),
    ],
)
def test_true_reasons(tmp_path, content, reason):
    path = table(tmp_path, content)
    for read in (read_input_table, read_frame):
        with pytest.raises(InputError, match=reason) as caught:
            read(path)
        assert caught.value.path == str(path) and caught.value.remedy


@pytest.mark.reported("Faults", "a FIFO as a table", "refused")
def test_what_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path, reason in ((tmp_path / "pipe", "pipe or device"), (tmp_path, "folder"), (tmp_path / "no", "No such")):
        with pytest.raises(InputError, match=reason):
            read_input_table(path)


@pytest.mark.reported("Faults", "a CSV header of 30,000 columns", "linear")
def test_wide_headers_take_linear_time(tmp_path):
    path = table(tmp_path, ",".join(f"c{i}" for i in range(30_000)) + "\n" + ",".join("1" * 30_000) + "\n")
    start = time.perf_counter()
    assert len(read_input_table(path).header) == 30_000
    assert time.perf_counter() - start < 2


def test_meanings():
    header = ["ID", "Image", "ROI mask file path", "image file path", "Patient ID", "age", "image_id"]
    assert understood(header) == {
        "case_id": ["ID", "image_id"],
        "image": ["Image"],
        "mask": ["ROI mask file path"],
        "patient_id": ["Patient ID"],
    }
    names = {"PatientID": "patient_id", "subject_id": "patient_id", "filename": "image", "masks": "mask"}
    assert {name: meaning_of(name) for name in names} == names
    assert meaning_of("cropped image file path") is None
