"""Where the endpoint listens: what it takes, what it leaves alone, and what it says of it."""

from __future__ import annotations

import os
import socket
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from command import call, process
from endpoints import Place, hook, post, serving, settings, thank, within
from ports import free_port
from stores import asked

from mailhook.config import WebSettings
from mailhook.errors import AddressInUse, ConfigError
from mailhook.sources.web import listening
from mailhook.sources.web.bounds import Bounds
from mailhook.sources.web.endpoint import Endpoint


def told(listen: str) -> str:
    with pytest.raises(ConfigError) as caught:
        listening.bound(WebSettings(listen=listen))
    return str(caught.value)


@contextmanager
def listener(path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as one:
        one.bind(str(path))
        one.listen()
        yield one


def test_a_unix_socket_is_the_users_and_the_groups_and_goes_at_the_end(tmp_path: Path):
    path = tmp_path / "web.sock"
    with within(tmp_path, listen=f"unix:{path}") as served:
        assert stat.S_IMODE(path.lstat().st_mode) == 0o660
        assert served.place.status(post(hook())) == 200
    assert not path.exists()


def test_what_a_killed_service_left_is_replaced(tmp_path: Path):
    path = tmp_path / "web.sock"
    with listener(path):
        pass
    assert path.is_socket()
    with within(tmp_path, listen=f"unix:{path}") as served:
        assert served.place.status(post(hook())) == 200


def test_a_live_socket_is_refused_and_stays(tmp_path: Path):
    path = tmp_path / "web.sock"
    with listener(path) as one:
        assert "is in use" in told(f"unix:{path}")
        Place(path).connect().close()
        while_asked, _ = one.accept()
        while_asked.close()


def test_somebodys_file_is_refused_and_stays(tmp_path: Path):
    path = tmp_path / "web.sock"
    path.write_text("mine")
    assert "is no socket" in told(f"unix:{path}")
    assert path.read_text() == "mine"
    (tmp_path / "link").symlink_to(path)
    assert "is no socket" in told(f"unix:{tmp_path}/link")


def test_a_socket_that_meanwhile_is_somebody_elses_stays(tmp_path: Path):
    path = tmp_path / "web.sock"
    ours = listening.bound(WebSettings(listen=f"unix:{path}"))
    path.unlink()
    with listener(path):
        ours.close()
        assert path.is_socket()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path):
    assert f"folder {tmp_path}/gone" in told(f"unix:{tmp_path}/gone/web.sock")


def test_an_address_in_use_and_one_that_is_not_ours_are_told_apart():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert "is in use" in told(f"127.0.0.1:{port}")
    listen = WebSettings(listen="192.0.2.1:8080", public=True)
    with pytest.raises(ConfigError, match="cannot be listened on"):
        listening.bound(listen)


def test_what_is_passed_to_another_process_is_not_taken():
    environment = {"LISTEN_PID": str(os.getpid() + 1), "LISTEN_FDS": "1", "LISTEN_FDNAMES": "a"}
    assert listening.passed(environment) == ()
    assert environment == {}


@pytest.mark.parametrize("count", ["", "0", "-1", "one", "¹"])
def test_a_count_that_is_none_takes_nothing(count: str):
    environment = {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": count}
    assert listening.passed(environment) == ()


def test_what_cannot_be_listened_on_is_refused_though_it_is_passed():
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
        pytest.raises(ConfigError, match="no socket that listens"),
    ):
        listening.refuse_passed([datagrams], WebSettings())
    with socket.create_server(("0.0.0.0", 0)) as public:  # noqa: S104 - that it is refused is the point
        with pytest.raises(ConfigError, match="reached from other machines"):
            listening.refuse_passed([public], WebSettings())
        listening.refuse_passed([public], WebSettings(public=True))


def refused(home: Path, listen: str, error: type[ConfigError] = ConfigError) -> str:
    with pytest.raises(error) as caught, within(home, listen=listen):
        pass
    return str(caught.value)


def test_a_service_begins_only_where_it_can_listen(tmp_path: Path):
    assert "systemd passes no socket\n    hint: enable mailhook.socket" in refused(
        tmp_path, "systemd"
    )
    with socket.create_server(("127.0.0.1", 0)) as other:
        listen = f"127.0.0.1:{other.getsockname()[1]}"
        assert refused(tmp_path, listen, AddressInUse) == (
            f"web.listen: {listen} is in use by another program\n"
            "    hint: stop it, or choose another"
        )


def test_an_address_in_use_is_tried_again_by_the_service_and_said_by_check(tmp_path: Path):
    with (
        socket.create_server(("127.0.0.1", free_port())) as one,
        socket.create_server(("127.0.0.1", free_port())) as two,
    ):
        web, figures = (f"127.0.0.1:{other.getsockname()[1]}" for other in (one, two))
        of_web = settings(tmp_path, web, metrics={"listen": f"127.0.0.1:{free_port()}"})
        assert process("-c", of_web, "serve").code == 75
        of_figures = settings(tmp_path, f"127.0.0.1:{free_port()}", metrics={"listen": figures})
        done = process("-c", of_figures, "run")
        assert (done.code, f"metrics.listen: {figures} is in use" in done.err) == (75, True)
        code, words = check(of_figures)
        assert (code, f"wrong: metrics.listen: {figures} is in use" in words) == (1, True)
    assert check(of_figures)[0] == 0


def test_serve_without_a_key_ends_at_once(tmp_path: Path):
    listen = f"127.0.0.1:{free_port()}"
    done = process("-c", settings(tmp_path, listen, trust={}), "serve")
    assert done.code == 78
    assert "web: no signing key is set, so every hook would be refused" in done.err


def check(config_file: Path) -> tuple[int, str]:
    done = call("-c", config_file, "check", columns=200)
    return done.code, done.err


def test_check_says_what_would_keep_hooks_out(tmp_path: Path):
    with socket.create_server(("127.0.0.1", free_port())) as other:
        listen = f"127.0.0.1:{other.getsockname()[1]}"
        code, words = check(settings(tmp_path, listen, trust={}))
    assert code == 1
    assert "wrong: web: no signing key is set" in words
    assert f"wrong: web.listen: {listen} is in use" in words
    assert check(settings(tmp_path, listen))[0] == 0


def test_check_does_not_mind_the_service_that_runs(tmp_path: Path):
    listen = f"127.0.0.1:{free_port()}"
    config_file = settings(tmp_path, listen)
    with serving(config_file):
        code, words = check(config_file)
    assert code == 0
    assert f"{listen} was not tried, for the service is running: `mailhook serve`" in words
    assert check(config_file) == (0, f"settings: {config_file}\n")


def test_check_changes_nothing_where_a_socket_was_left(tmp_path: Path):
    path = tmp_path / "web.sock"
    with listener(path):
        pass
    before = path.lstat()
    assert check(settings(tmp_path, f"unix:{path}"))[0] == 0
    assert path.lstat() == before


def test_check_warns_of_what_may_be_meant(tmp_path: Path):
    web = {
        "listen": f"127.0.0.1:{free_port()}",
        "url": "https://hooks.example.com/truora",
        "public": True,
    }
    code, words = check(settings(tmp_path, "", web=web))
    assert code == 0
    assert "warning: web.public: true: what is sent to mailhook itself is not encrypted" in words
    assert "web.url: the vendor sends to /truora, and mailhook answers at /hooks" in words
    assert "well if your proxy rewrites the one to the other" in words


def test_an_endpoint_that_ends_by_itself_is_missed(caplog: pytest.LogCaptureFixture):
    closed = socket.socket()
    closed.close()
    endpoint = Endpoint([closed], "/hooks", thank, Bounds())
    endpoint.start()
    endpoint.join(20)
    assert endpoint.is_stuck
    assert "the endpoint for web hooks has ended: " in caplog.text


def test_an_event_loop_that_hangs_is_missed(tmp_path: Path):
    go_on = threading.Event()
    with within(tmp_path) as served:
        endpoint = served.web._endpoint  # noqa: SLF001 - a hang from within
        assert endpoint
        assert served.web.stuck() == []
        hanging = threading.Event()

        def hang() -> None:
            hanging.set()
            go_on.wait(20)

        endpoint.call(hang)
        assert hanging.wait(20)
        endpoint._crowd.seen_at -= 61  # noqa: SLF001 - nobody waits a minute
        assert served.web.stuck() == ["web"]
        go_on.set()


def test_the_state_names_where_hooks_are_taken(tmp_path: Path):
    with within(tmp_path) as served:
        assert served.settings.web
        assert served.web.state() == f"web hooks at {served.settings.web.listen}, path /hooks"
    assert served.web.state() == ""
    assert not served.web.stuck()
    assert asked(tmp_path / "mailhook.db", "SELECT count(*) FROM events") == [(0,)]
