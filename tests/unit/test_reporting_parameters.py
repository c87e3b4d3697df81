"""The frozen parameters record of a notebook."""

import dataclasses

import pytest

import supportlab as sl
from supportlab.errors import ParameterError
from supportlab.reporting.secrets import secret_reason


def test_common_and_own_parameters_are_attributes():
    params = sl.parameters(data="desk", start="2026-01-01", end="2026-02-01", market="DE", top=3)
    assert (params.data, params.market, params.as_of, params.top) == ("desk", "DE", "", 3)
    assert params.window == {"start": "2026-01-01", "end": "2026-02-01"}
    assert params.to_dict()["top"] == 3


def test_the_record_cannot_be_changed():
    params = sl.parameters(data="desk", top=3)
    with pytest.raises(dataclasses.FrozenInstanceError):
        params.data = "other"
    with pytest.raises(TypeError):
        params.extras["top"] = 4


def test_a_missing_parameter_is_named_with_what_there_is():
    with pytest.raises(AttributeError, match=r"no parameter 'tpo'.*top"):
        _ = sl.parameters(data="desk", top=3).tpo


def test_all_faults_come_at_once():
    with pytest.raises(ParameterError) as caught:
        sl.parameters(data="", as_of="2026-02-30", start="01/02/2026", market=7, api_token="x")
    message = str(caught.value)
    for part in ("- data:", "2026-02-30", "01/02/2026", "- market: got 7", "- api_token: refused"):
        assert part in message


@pytest.mark.parametrize(
    ("start", "end", "as_of", "fault"),
    [
        ("2026-02-01", "2026-02-01", "", "not before end"),
        ("2026-03-01", "2026-02-01", "", "not before end"),
        ("2026-03-01", "", "2026-02-01", "after as_of"),
        ("2026-1-1", "", "", "not an ISO date"),
        ("20260101", "", "", "not an ISO date"),
    ],
)
def test_windows_that_cannot_be(start, end, as_of, fault):
    with pytest.raises(ParameterError, match=fault):
        sl.parameters(data="desk", start=start, end=end, as_of=as_of)


def test_as_of_may_be_a_minute_but_a_window_has_days():
    assert sl.parameters(data="desk", as_of="2026-02-01T12:30").as_of == "2026-02-01T12:30"
    with pytest.raises(ParameterError, match="start"):
        sl.parameters(data="desk", start="2026-02-01T12:30")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("password", "x"),
        ("db_password", ""),
        ("apiKey", "x"),
        ("access_key", "x"),
        ("data", "postgresql://me:hunter2@host/desk"),
        ("data", "host=db password=hunter2"),
        ("data", "md:desk?motherduck_token=abc"),
        ("note", "-----BEGIN RSA PRIVATE KEY-----"),
    ],
)
def test_what_looks_like_a_secret_is_refused_and_never_repeated(name, value):
    reason = secret_reason(name, value)
    assert reason
    assert "hunter2" not in reason


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tokens_per_chat", 3),
        ("monkey", "x"),
        ("data", "postgresql://host:5432/desk"),
        ("data", "connection:warehouse"),
        ("data", "C:/data/key=1"),
        ("primary_key_column", "ticket_id"),
    ],
)
def test_what_is_no_secret_is_not_taken_for_one(name, value):
    assert secret_reason(name, value) is None
