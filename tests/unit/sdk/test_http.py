"""The HTTP session: each failure is named by who must act, and doubt about an effect is always said."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime

import pytest
import requests

from hub.sdk import Http, Misconfigured, Rejected, Retry, Unauthorised
from hub.sdk.http import Refusal, loads, private_addresses_refused, retry_after
from hub.sdk.testing import Answer, Call, Fault, Server, SpyBudget


class Echo:
    """A peer that answers what it is told and counts what took effect."""

    def __init__(self) -> None:
        self.next: list[Answer] = []
        self.effects = 0
        self.server = Server(self.answer)
        self.budget = SpyBudget()
        self.http = Http(self.server.url, budget=self.budget, timeout=(1, 1))

    def answer(self, call: Call) -> Answer:
        self.effects += call.method != "GET"
        return self.next.pop(0) if self.next else Answer(200, b"{}")


@pytest.fixture
def echo() -> Iterator[Echo]:
    echo = Echo()
    yield echo
    echo.server.close()


def test_paths_are_below_the_base_address(echo: Echo) -> None:
    http = echo.http.bound(echo.server.url + "/v1")
    http.get("/a:b/c?x=http://elsewhere")
    call = echo.server.calls[-1]
    assert (call.path, dict(call.query)) == ("/v1/a:b/c", {"x": "http://elsewhere"})


def test_credentials_do_not_follow_to_another_origin(echo: Echo) -> None:
    http = echo.http.bound(echo.server.url, headers={"Authorization": "secret"})
    http.get(echo.server.url + "/next?page=2")
    assert echo.server.calls[-1].headers["authorization"] == "secret"
    for other in ("https://127.0.0.1/next", "http://127.0.0.1:1/next", "http://elsewhere.invalid/"):
        with pytest.raises(Misconfigured) as caught:
            http.get(other)
        assert caught.value.code == "connector.other-origin"


def test_redirects_are_not_followed(echo: Echo) -> None:
    echo.next = [Answer(302, b"", {"Location": "http://169.254.169.254/"})]
    with pytest.raises(Misconfigured, match=r"169\.254\.169\.254"):
        echo.http.get("x")
    assert len(echo.server.calls) == 1


@pytest.mark.parametrize(
    ("status", "error"), [(401, Unauthorised), (403, Unauthorised), (404, Rejected), (422, Refusal)]
)
def test_a_refusal_is_named_and_not_repeated(echo: Echo, status: int, error: type[Exception]) -> None:
    echo.next = [Answer(status, b'{"title": "no"}')]
    with pytest.raises(error, match=f"GET /x answered {status}") as caught:
        echo.http.get("x")
    assert len(echo.server.calls) == 1
    if isinstance(caught.value, Refusal):
        assert caught.value.answer == caught.value.response.content == b'{"title": "no"}'


def test_story_32_a_limit_holds_the_shared_budget(echo: Echo) -> None:
    echo.server.fail_next(Fault.LIMITED)
    with pytest.raises(Retry) as caught:
        echo.http.get("x")
    assert (caught.value.limited, caught.value.after, caught.value.maybe_done) == (True, 7.0, False)
    assert echo.budget.held == [7.0] and len(echo.server.calls) == 1


def test_503_with_retry_after_is_a_limit_too(echo: Echo) -> None:
    echo.next = [Answer(503, b"", {"Retry-After": "30"})]
    with pytest.raises(Retry) as caught:
        echo.http.post("x")
    assert caught.value.limited and caught.value.after == 30


@pytest.mark.parametrize("fault", [Fault.SERVER_ERROR, Fault.LOST_REQUEST])
def test_safe_calls_are_tried_three_times(echo: Echo, fault: Fault) -> None:
    echo.server.fail_next(fault, times=2)
    assert echo.http.get("x").status_code == 200
    assert len(echo.server.calls) == 3 and echo.budget.taken == 3
    echo.server.fail_next(fault, times=3)
    with pytest.raises(Retry) as caught:
        echo.http.get("x")
    assert not caught.value.maybe_done, "a read has no effect to be in doubt of"


@pytest.mark.parametrize("fault", [Fault.SERVER_ERROR, Fault.LOST_REQUEST, Fault.LOST_ANSWER])
def test_an_effect_in_doubt_is_said_and_not_repeated(echo: Echo, fault: Fault) -> None:
    echo.server.fail_next(fault)
    with pytest.raises(Retry) as caught:
        echo.http.post("x", json={})
    assert caught.value.maybe_done and len(echo.server.calls) == 1


def test_silence_after_the_effect_is_doubt() -> None:
    """The peer takes the request and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        http = Http(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=(1, 0.2))
        with pytest.raises(Retry) as caught:
            http.post("x", json={})
        assert caught.value.maybe_done


def test_a_refused_connection_is_no_doubt() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(Retry) as caught:
        Http(f"http://127.0.0.1:{port}", timeout=(1, 1)).post("x", json={})
    assert not caught.value.maybe_done


def test_doubt_of_an_earlier_try_is_not_forgotten(echo: Echo) -> None:
    """The first try's answer is lost, the second is limited: the effect took place all the same."""
    echo.server._faults = [Fault.LOST_ANSWER, Fault.LIMITED]
    with pytest.raises(Retry) as caught:
        echo.http.post("x", idempotent=True)
    assert caught.value.limited and caught.value.maybe_done and echo.effects == 1


def test_a_refusal_after_a_lost_answer_is_still_doubt(echo: Echo) -> None:
    """The credential expires between two tries: that the first took effect must not be forgotten."""
    echo.next = [Answer(200, b"{}"), Answer(401, b"")]
    echo.server.fail_next(Fault.LOST_ANSWER)
    with pytest.raises(Retry) as caught:
        echo.http.request("PUT", "x", data=b"{}")
    assert caught.value.maybe_done
    echo.next = [Answer(401, b"")]
    with pytest.raises(Unauthorised):
        echo.http.request("PUT", "x", data=b"{}")


def test_an_answer_that_cannot_be_decoded_is_doubt(echo: Echo) -> None:
    echo.next = [Answer(200, b"no gzip", {"Content-Encoding": "gzip"})]
    with pytest.raises(Retry) as caught:
        echo.http.post("x")
    assert caught.value.maybe_done


@pytest.mark.parametrize("address", ["nowhere", "ftp://files.invalid", "http://"])
def test_a_bad_address_is_the_admins(address: str) -> None:
    with pytest.raises(Misconfigured, match="not a valid address"):
        Http(address).get("x")


def test_addresses_of_this_machine_are_refused_unless_allowed() -> None:
    guard = private_addresses_refused({"localhost"})
    for url in (
        "http://127.0.0.1/",
        "http://[::1]/",
        "http://169.254.169.254/",
        "http://10.1.2.3/",
        "http://[::ffff:127.0.0.1]/",
    ):
        assert not guard(url), url
    assert guard("http://localhost:8080/")
    assert guard("http://93.184.216.34/")


def test_a_refused_address_is_never_called(echo: Echo) -> None:
    with pytest.raises(Misconfigured) as caught:
        Http(echo.server.url, allow=private_addresses_refused(())).get("x")
    assert caught.value.code == "connector.address-not-allowed"
    assert echo.server.calls == []


def test_a_bound_session_keeps_guard_budget_and_limits(echo: Echo) -> None:
    http = Http("http://unset.invalid", budget=echo.budget, allow=lambda url: False).bound(echo.server.url)
    with pytest.raises(Misconfigured):
        http.get("x")
    http = Http("http://unset.invalid", budget=echo.budget).bound(echo.server.url)
    http.get("x", cost=3)
    assert echo.budget.taken == 3


def test_proxies_of_the_environment_are_not_used(echo: Echo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert echo.http.get("x").status_code == 200


@pytest.mark.parametrize(
    ("value", "seconds"), [("7", 7.0), ("0.5", 0.5), ("-3", 0.0), ("soon", 2.0), ("", 2.0), (None, 2.0)]
)
def test_retry_after_in_seconds(value: str | None, seconds: float) -> None:
    assert retry_after({} if value is None else {"Retry-After": value}) == seconds


def test_retry_after_as_a_date() -> None:
    later = datetime.now(UTC) + timedelta(hours=1)
    assert 3500 < retry_after({"Retry-After": format_datetime(later, usegmt=True)}) <= 3600
    assert retry_after({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0
    assert retry_after(requests.structures.CaseInsensitiveDict({"retry-after": "4"})) == 4


def test_numbers_never_pass_through_a_float() -> None:
    assert loads(b'{"total": 19.90}') == {"total": Decimal("19.90")}
