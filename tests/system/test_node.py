"""A co-op's life as people see it: commands, a running node, a home that joins and speaks."""

import queue
import shlex
import ssl
import subprocess
import time
from http.client import HTTPSConnection
from pathlib import Path

from zeroconf import ServiceBrowser, ServiceInfo, ServiceStateChange, Zeroconf

from depin_protocol.encoding import from_text
from depin_protocol.invite import Invite, parse_invite
from depin_protocol.log.notes import VerifierKey
from depin_protocol.log.proof_file import ProofFile
from depin_protocol.receipts import Receipt
from settlement_node.commands.announcing import SERVICE
from tests.node.api.neighbour import Neighbour, ask, readings
from tests.patience import PATIENCE
from tests.system.node_process import COMMAND, command, new_coop, refused, running


def invited(folder: Path) -> Invite:
    return parse_invite(command("invite", "--data", folder))


def welcome(folder: Path, port: int) -> Neighbour:
    """Invite a home, let it join and open its chains."""
    invite = invited(folder)
    home = Neighbour(invite.coop)
    assert home.join(port, invite.code).status == 201
    assert home.tell(port, home.open("metering"), home.open("trading")).status == 200
    return home


def test_a_member_joins_speaks_and_proves_it(tmp_path: Path) -> None:
    coop = new_coop(tmp_path)
    with running(tmp_path) as (port, _):
        invite = invited(tmp_path)
        home = Neighbour(coop)
        joined = home.join(port, invite.code)
        assert joined.status == 201, joined.content
        assert from_text(joined.json["node_key"], 32) == invite.node_key
        assert home.join(port, invite.code).json["index"] == joined.json["index"]

        opening = home.open("metering")
        said = home.say("metering", readings(17))
        answers = home.tell(port, opening, said).json
        assert [answer["statement"] for answer in answers] == [opening.hash, said.hash]

        token = home.token(port)
        place = f"{home.path}/statements/metering/{said.header.chain}/2"
        again = ask(port, f"{place}/receipt", Authorization=token)
        Receipt.read(again.content).verify(invite.node_key)
        assert again.json == answers[1]

        proof = ask(port, f"{place}/proof", Authorization=token)
        while proof.status == 404:
            assert proof.json["code"] == "not-yet"
            time.sleep(0.2)
            proof = ask(port, f"{place}/proof", Authorization=token)
        bundle = ask(port, f"/log/{coop}/tile/entries/000.p/{index_of(home, port, token) + 1}")
        assert bundle.status == 200
        entry = last_entry(bundle.content)
        key = VerifierKey.parse(joined.json["log_key"])
        ProofFile.parse(proof.content).verify(entry, key)


def index_of(home: Neighbour, port: int, token: str) -> int:
    """Ask where in the log the home's last reading is."""
    chain = home.heads["metering"].chain
    held = ask(port, f"{home.path}/statements/metering/{chain}?after=1", Authorization=token)
    return int(held.json[0]["index"])


def last_entry(bundle: bytes) -> bytes:
    entries = []
    while bundle:
        end = 2 + int.from_bytes(bundle[:2])
        entries.append(bundle[2:end])
        bundle = bundle[end:]
    return entries[-1]


def test_what_was_said_outlives_a_stop(tmp_path: Path) -> None:
    new_coop(tmp_path)
    with running(tmp_path) as (port, _):
        home = welcome(tmp_path, port)
        said = [home.say("metering", readings(total)) for total in range(50)]
        before = home.tell(port, *said).json
    with running(tmp_path) as (port, _):
        assert home.tell(port, *said).json == before
        coop = ask(port, f"/v1/coops/{home.coop}").json
        assert coop["checkpoint"]["size"] == coop["entries"]


def test_invites_work_whether_the_node_runs_or_not(tmp_path: Path) -> None:
    new_coop(tmp_path)
    codes = [invited(tmp_path).code]
    with running(tmp_path) as (port, _):
        codes.append(invited(tmp_path).code)
        for code in codes:
            home = Neighbour(invited(tmp_path).coop)
            assert home.join(port, code).status == 201
            again = Neighbour(home.coop).join(port, code)
            assert (again.status, again.json["code"]) == (409, "invite-used")


def test_a_folder_holds_several_coops(tmp_path: Path) -> None:
    first, second = new_coop(tmp_path, "Eins"), new_coop(tmp_path, "Zwei")
    with running(tmp_path) as (port, _):
        assert {coop["coop"] for coop in ask(port, "/v1/coops").json} == {first, second}
        assert ask(port, "/healthz").json == {"status": "ok", "coops": 2, "failed": {}}
        assert "say which co-op" in refused("invite", "--data", tmp_path)
        assert parse_invite(command("invite", "--data", tmp_path, "--coop", "Zwei")).coop == second


def test_a_folder_without_a_coop_is_told_what_to_do(tmp_path: Path) -> None:
    assert "settlement-node init" in refused("serve", "--data", tmp_path)


def test_books_are_verified_backed_up_and_restored(tmp_path: Path) -> None:
    folder, backup = tmp_path / "node", tmp_path / "backup"
    coop = new_coop(folder)
    with running(folder) as (port, _):
        home = welcome(folder, port)
        home.tell(port, *(home.say("metering", readings(total)) for total in range(20)))
        assert "all follows" in command("verify", "--data", folder)
        command("backup", "--data", folder, backup)
        kept = [home.say("metering", readings(total)) for total in range(5)]
        receipts = home.tell(port, *kept).json
        checkpoint = tmp_path / "checkpoint"
        checkpoint.write_bytes(newest_checkpoint(port, coop))
        command("verify", "--data", folder, "--checkpoint", checkpoint)

    books = next(folder.glob("coops/*/books.sqlite"))
    for file in books.parent.glob("books.sqlite*"):
        file.rename(tmp_path / file.name)
    command("restore", "--data", folder, backup)
    assert "holds rows already" in refused("restore", "--data", folder, backup)
    assert "exist" in refused("verify", "--data", folder, "--checkpoint", checkpoint)
    with running(folder) as (port, _):
        held_back = home.tell(port, *kept)
        assert (held_back.status, held_back.json["code"]) == (503, "read-only")
        assert "restored" in refused("invite", "--data", folder)
        shown = ask(port, f"/v1/coops/{coop}/checkpoints", checkpoint.read_bytes(), "text/plain")
        assert "regained" in shown.json["read_only"]
        assert "regained" in refused("resume", "--data", folder, "--nobody-has-more", "--yes")

    for file in tmp_path.glob("books.sqlite*"):
        file.rename(books.parent / file.name)
    with running(folder) as (port, _):
        assert home.tell(port, *kept).json == receipts
    assert "made anew" in command("rebuild", "--data", folder)
    assert "all follows" in command("verify", "--data", folder, "--checkpoint", checkpoint)


def newest_checkpoint(port: int, coop: str) -> bytes:
    """Wait for the checkpoint that holds all entries."""
    while True:
        described = ask(port, f"/v1/coops/{coop}").json
        if described["checkpoint"]["size"] == described["entries"]:
            return ask(port, f"/log/{coop}/checkpoint").content
        time.sleep(0.1)


def test_operators_act_on_members(tmp_path: Path) -> None:
    new_coop(tmp_path)
    with running(tmp_path) as (port, _):
        home = welcome(tmp_path, port)
        command("member", "suspend", "--data", tmp_path, home.member, "--reason", "as agreed")
        assert f"{home.member}  suspended" in command("members", "--data", tmp_path)
        again = refused("member", "suspend", "--data", tmp_path, home.member, "--reason", "again")
        assert "no effect" in again
        command("member", "reinstate", "--data", tmp_path, home.member, "--reason", "as agreed")
        arguments = ("--data", tmp_path, home.member, "--reason", "chosen", "--role", "auditor")
        command("member", "roles", *arguments)
        assert "auditor" in command("members", "--data", tmp_path)
        command("node-key", "--data", tmp_path, "--use", "receipts", "--reason", "a new machine")
        token = home.token(port)
        events = ask(port, f"{home.path}/events", Authorization=token).json
        assert [event["kind"] for event in events] == ["decision", "decision", "decision", "key"]
    with running(tmp_path) as (port, _):
        assert ask(port, "/healthz").status == 200


def test_a_node_speaks_tls_and_can_be_found(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    request = ("openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-days", "2")
    names = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost")
    subprocess.run(
        [*request, *names, "-keyout", key, "-out", certificate], check=True, capture_output=True
    )
    coop = new_coop(tmp_path / "node")
    tls = ("--tls-cert", str(certificate), "--tls-key", str(key))
    with running(tmp_path / "node", *tls, "--announce", "--host", "0.0.0.0") as (port, _):  # noqa: S104
        context = ssl.create_default_context(cafile=certificate)
        connection = HTTPSConnection("localhost", port, timeout=PATIENCE, context=context)
        connection.request("GET", "/v1/coops")
        assert coop.encode() in connection.getresponse().read()
        connection.close()
        assert "depin1." in command("invite", "--data", tmp_path / "node")
        found = announced_at(port)
        assert found.properties[b"tls"] == b"1"
        assert found.properties[b"coops"] == coop.encode()


def announced_at(port: int) -> ServiceInfo:
    """Wait until the node says to this network where it is."""
    names: queue.Queue[str] = queue.Queue()

    def heard(
        zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange
    ) -> None:
        del zeroconf, service_type, state_change
        names.put(name)

    zeroconf = Zeroconf()
    try:
        ServiceBrowser(zeroconf, SERVICE, handlers=[heard])
        while True:
            found = zeroconf.get_service_info(SERVICE, names.get(timeout=PATIENCE), timeout=30_000)
            if found is not None and found.port == port:
                return found
    finally:
        zeroconf.close()


def test_a_full_disk_stops_the_node_and_loses_no_promise(tmp_path: Path) -> None:
    new_coop(tmp_path)
    with running(tmp_path) as (port, _):
        home = welcome(tmp_path, port)
    largest = max(file.stat().st_size for file in tmp_path.rglob("books.sqlite*"))
    serve = shlex.join([*COMMAND, "serve", "--data", str(tmp_path), "--host", "127.0.0.1"])
    limited = f"ulimit -f {largest // 1024 + 200}; exec {serve} --port 0"
    process = subprocess.Popen(
        ["/bin/bash", "-c", limited], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline().rpartition(":")[2])
        promised = []
        reply = home.tell(port, said := home.say("metering", readings()))
        while reply.status == 200:
            promised.append((said, reply.json))
            reply = home.tell(port, said := home.say("metering", readings()))
        assert (reply.status, reply.json["code"]) == (503, "stopped")
        _, errors = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 1
    assert "no room" in errors
    assert "Traceback" not in errors
    assert len(promised) > 10
    with running(tmp_path) as (port, _):
        assert [home.tell(port, one).json for one, _ in promised] == [kept for _, kept in promised]
        assert "statement" in home.tell(port, said).json[0]
    assert "all follows" in command("verify", "--data", tmp_path)
