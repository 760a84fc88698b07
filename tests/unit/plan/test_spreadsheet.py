"""Cells that a spreadsheet program has rewritten, and those that a person has."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_om_messaging.protocol.plan.spreadsheet import LARGEST_CELL, find_rewriting


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("=orders", "#NAME?", "the error of a formula"),
        ("- first\n- second", "#NAME?", "the error of a formula"),
        ("@team", "Err:508", "the error of a formula"),
        ("", "#REF!", "the error of a formula"),
        ("-orders", "=-orders", "made a formula"),
        ("+orders", "=orders", "made a formula"),
        ("=1+1", "2", "the result of a formula"),
        ("-7+3", "-4", "the result of a formula"),
        (" =1+1", "2", "the result of a formula"),
        ("\t=1+1", "2", "the result of a formula"),
        ("\uff1d1+1", "2", "the result of a formula"),
        ('=HYPERLINK("https://wiki/orders","Orders")', "Orders", "the result of a formula"),
        ("=1=1", "TRUE", "the result of a formula"),
        ("1234567890123456", "1.23457E+15", "a long number that lost its digits"),
        ("1234567890123456", "1,23457E+15", "a long number that lost its digits"),
        ("1234567890123456", "1234567890123450", "a long number that lost its digits"),
        ("123456789012", "1.23E+11", "a long number that lost its digits"),
        ("00123", "123", "a number without its leading zeros"),
        ("+4912345", "4912345", "a number in another form"),
        ("1.10", "1.1", "a number in another form"),
        ("12E3", "12000", "a number in another form"),
        ("true", "TRUE", "read as a truth value"),
        ("False", "FALSE", "read as a truth value"),
        ("2026-03-01", "01.03.2026", "a date in another form"),
        ("2026-03-01", "3/1/2026", "a date in another form"),
        ("2026-03-01", "1-Mar-26", "a date in another form"),
        ("2026-03-01", "46082", "a date in another form"),
        ("2026-03-01T00:00:00Z", "01/03/2026 00:00", "a date in another form"),
        ("1-2", "02-Jan", "a date in another form"),
        ("SEPT2", "02-Sep", "a date in another form"),
        ("March 1", "1-Mar", "a date in another form"),
        ("=orders", "'=orders", "an apostrophe before it"),
        ("00123", "'00123", "an apostrophe before it"),
        ("x" * 40_000, "x" * LARGEST_CELL, "cut off after 32,767 characters"),
        ("x" * 40_000, "x" * (LARGEST_CELL - 1), "cut off after 32,766 characters"),
        # Numbers and dates at the limits of what is taken for one.
        ("0" + "1" * 63, "1" * 63, "a number without its leading zeros"),
        ("1", "1." + "0" * 62, "a number in another form"),
        ("-00123", "-123", "a number without its leading zeros"),
        ("0.50", "0.5", "a number in another form"),
        ("-123456789012", "-1.23E+11", "a long number that lost its digits"),
        ("123456789012345678901", "1.23456789012346E+20", "a long number that lost its digits"),
        ("12345678901234567", "12345678901234500", "a long number that lost its digits"),
        ("2026-12-31", "31.12.2026", "a date in another form"),
        ("2026-01-01", "1/1/2026", "a date in another form"),
        ("1999-03-01", "1-Mar-99", "a date in another form"),
        ("26-03-01", "2026-03-01", "a date in another form"),
        ("26-03-31", "2026-03-31", "a date in another form"),
        ("2026-03-01", "01-Mar", "a date in another form"),
        ("01-Mar", "2026-03-01", "a date in another form"),
        ("5 May 2026", "May 5, 2026", "a date in another form"),
        ("2026-03-01 00:00:00.000", "3/1/26", "a date in another form"),
    ],
)
def test_what_a_spreadsheet_has_done_is_told(before: str, after: str, expected: str) -> None:
    assert find_rewriting(before, after) == expected


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "00123"),
        ("", "2026-03-01"),
        ("Orders", "orders"),
        ("00123", "124"),
        ("1234567890123456", "2.5E+15"),
        ("1234567890123456", "1234567890123457"),
        ("7", "8"),
        ("true", "FALSE"),
        ("true", "false"),
        ("TRUE", "true"),
        ("2026-03-01", "2026-03-02"),
        ("2026-03-01", "46083"),
        ("2026-03-01", "01.03.2027"),
        ("- first", "- second"),
        ("-5", "7"),
        ("=orders", ""),
        ("=orders", "All orders"),
        ("Marge 1", "1-Mar"),
        ("x" * 40_000, "x" * 100),
        ("00123", "1" * 40_000),
        ("don't", "'don't'"),
        ("TRUE", "TRUE"),
        ("#NAME?", "#NAME?"),
        ("=", ""),
        ("=x", "#NAME"),
        ("x" * 40_000, "x" * (LARGEST_CELL - 2)),
        ("x" * 40_000, "y" * LARGEST_CELL),
        ("1", "1." + "0" * 63),
        ("0" + "1" * 64, "1" * 64),
        ("0", "5E3"),
        ("125000000000", "1.23E+11"),
        ("1234567890123456", "1234567890123450000"),
        ("1234567890123456", "1234567890123460"),
        ("1.23456789012345", "1.23456789012340"),
        ("1234567890123456789", "1.234567890123457E+18"),
        ("2026-13-05", "2026/13/05"),
        ("2026-12-32", "2026/12/32"),
        ("2026-00-05", "2026/00/05"),
        ("2026-12-00", "2026/12/00"),
        ("2026-03", "2026/03"),
        ("0100-03-01", "2000-03-01"),
        ("2026-03-01", "2026"),
        ("version 7", "46082"),
    ],
)
def test_what_a_person_has_changed_is_not_told(before: str, after: str) -> None:
    assert find_rewriting(before, after) == ""


texts = st.text(max_size=20) | st.from_regex(r"[-=+@']?[0-9]{0,20}([-/.eE, ][0-9]{1,4}){0,3}", fullmatch=True)


@given(texts)
def test_a_cell_that_is_as_it_was_or_cleared_was_not_rewritten(text: str) -> None:
    assert find_rewriting(text, text) == ""
    assert find_rewriting(text, "") == ""


@given(texts, texts)
def test_any_two_values_can_be_looked_at(before: str, after: str) -> None:
    find_rewriting(before, after)
