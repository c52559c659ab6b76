"""Start the program with demo data and let Schemathesis ask it, once as each kind of caller.

Usage: trials.py PROGRAM EXAMPLES
"""

import concurrent.futures
import email
import email.policy
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

DOCUMENT = pathlib.Path("docs/openapi.json")
CHECKS = ",".join([
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "use_after_free",
])
# Who signs out or in again is somebody else afterwards: asked last.
LEAVING = ["endSession", "signIn", "signOut", "signOutEverywhere"]
OWN_PAGE = {"Sec-Fetch-Site": "same-origin", "X-Paydown": "1"}


def environment(folder):
    return os.environ | {
        "PAYDOWN_DATABASE_URL": f"sqlite://{folder}/paydown.sqlite",
        "PAYDOWN_DATA_DIR": str(folder),
        "PAYDOWN_LIMITS__UNFINISHED_PAYMENTS_PER_ACCOUNT": "1000000",
        "RUST_LOG": "warn",
    }


def run(program, folder, *arguments):
    done = subprocess.run([program, *arguments], cwd=folder, env=environment(folder),
                          check=True, capture_output=True, text=True)
    return done.stdout


def serve(program, folder):
    log = open(folder / "log", "w")
    serving = subprocess.Popen([program, "serve", "--listen", "127.0.0.1:0"], cwd=folder,
                               env=environment(folder), stdout=subprocess.PIPE, stderr=log,
                               text=True)
    for line in serving.stdout:
        if line.startswith("Paydown listens on "):
            return serving, line.removeprefix("Paydown listens on ").strip()
    raise SystemExit("the program ended before it listened: " + (folder / "log").read_text())


def ask(url, body, cookies=""):
    headers = OWN_PAGE | {"Content-Type": "application/json", "Cookie": cookies}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers, method="POST")
    with urllib.request.urlopen(request) as answer:
        pairs = [line.split(";")[0] for line in answer.headers.get_all("Set-Cookie") or []]
        return "; ".join(pair for pair in pairs if not pair.endswith("="))


def newest(folder, wanted):
    """What the newest letter says that has it."""
    for _ in range(300):
        for letter in sorted((folder / "mail").glob("*.eml"), reverse=True):
            mail = email.message_from_bytes(letter.read_bytes(), policy=email.policy.default)
            body = mail.get_body(("plain",))
            found = body and re.search(wanted, body.get_content())
            if found:
                return found.group(1)
        time.sleep(0.1)
    raise SystemExit("the letter never came")


def payer(address, folder):
    browser = ask(f"{address}/api/v1/sign-in/codes", {"email": "gina@customers.example"})
    code = newest(folder, r"\b([0-9A-Z]{4}-[0-9A-Z]{4})\b")
    return ask(f"{address}/api/v1/sign-in/session", {"code": code}, browser)


def viewer(program, folder, address, number):
    run(program, folder, "invite", "vera@customers.example", "--account", number, "--viewer",
        "--by", "clerk")
    link = newest(folder, r"/invitation#(\S+)")
    accepted = {"link": link, "account_number": number}
    return ask(f"{address}/api/v1/invitations/acceptance", accepted)


def first_account(address, cookies):
    headers = OWN_PAGE | {"Cookie": cookies}
    request = urllib.request.Request(f"{address}/api/v1/sign-in/session", headers=headers)
    return json.load(urllib.request.urlopen(request))["accounts"][0]


def shown_key(program, folder, *arguments):
    return re.search(r"\bpd(op|k)_\S+", run(program, folder, *arguments)).group()


def callers(program, folder, address):
    """Each kind of caller: what they send with each request, and the account they ask about."""
    keys = {role: shown_key(program, folder, "operator", "add", role, "--role", role)
            for role in ["clerk", "approver", "admin", "auditor"]}
    keys["a program"] = shown_key(program, folder, "api-client", "add", "trials", "--scope",
                                  "accounts:read,payments:read,previews,invitations:write")
    paying = payer(address, folder)
    account = first_account(address, paying)
    seeing = viewer(program, folder, address, account["number"])
    own_page = {"payer": paying, "viewer": seeing}
    yield "nobody", OWN_PAGE, None
    for who, cookies in own_page.items():
        yield who, OWN_PAGE | {"Cookie": cookies}, account["id"]
    # An admin may end the program's keys: asked as last.
    keys["admin"] = keys.pop("admin")
    for who, key in keys.items():
        yield who, {"Authorization": f"Bearer {key}"}, account["id"]


def is_still(address, headers):
    """Does what the caller brings still open what it opened?"""
    request = urllib.request.Request(f"{address}/api/v1/caller", headers=headers)
    try:
        return urllib.request.urlopen(request).status == 200
    except urllib.error.HTTPError:
        return False


def trial(address, examples, who, headers, account):
    settings = pathlib.Path(tempfile.mkdtemp()) / "schemathesis.toml"
    lines = ["[[operations]]", 'include-path-regex = "/accounts/"', "[operations.parameters]",
             f'"path.id" = "{account}"'] if account else []
    settings.write_text("\n".join(lines) + "\n")
    command = [str(pathlib.Path(sys.executable).parent / "st"), "--config-file", str(settings),
               "run", str(DOCUMENT), "--url", address, "--checks", CHECKS, "--max-examples",
               str(examples), "--seed", os.environ.get("PAYDOWN_SEED", "1"), "--no-color",
               "--continue-on-failure", "--suppress-health-check", "all", "--warnings", "off",
               "--generation-database", "none"]
    for name, value in headers.items():
        command += ["--header", f"{name}: {value}"]
    leaves = "Cookie" in headers
    runs = [run_of(command, "--exclude-operation-id", LEAVING if leaves else [])]
    if account and not is_still(address, headers):
        raise SystemExit(f"{who} was signed out on the way: the requests were nobody's")
    if leaves:
        runs.append(run_of(command, "--include-operation-id", LEAVING))
    requests = sum(int(re.search(r"(\d+) generated", done.stdout).group(1)) for done in runs)
    print(f"-- as {who}: {requests} requests", flush=True)
    for done in runs:
        if done.returncode:
            print(done.stdout, done.stderr, flush=True)
    return any(done.returncode for done in runs)


def run_of(command, choice, operations):
    chosen = [word for operation in operations for word in (choice, operation)]
    return subprocess.run(command + chosen, capture_output=True, text=True)


def main():
    program, examples = str(pathlib.Path(sys.argv[1]).resolve()), int(sys.argv[2])
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        run(program, folder, "demo")
        serving, address = serve(program, folder)
        try:
            everybody = list(callers(program, folder, address))
            with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as together:
                failed = list(together.map(lambda caller: trial(address, examples, *caller),
                                           everybody[:-1]))
            failed.append(trial(address, examples, *everybody[-1]))
            if serving.poll() is not None:
                raise SystemExit("the program ended meanwhile")
            print(run(program, folder, "check").splitlines()[-1])
        finally:
            serving.terminate()
            serving.wait(30)
        faults = [line for line in (folder / "log").read_text().splitlines() if "ERROR" in line]
        print("\n".join(faults[:20]))
        if any(failed) or faults:
            raise SystemExit("some answers are not what docs/openapi.json says")


main()
