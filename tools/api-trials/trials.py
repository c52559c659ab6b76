"""Start the program with demo data, sign in, and let Schemathesis ask it, once for each caller.

Usage: trials.py PROGRAM EXAMPLES
"""

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


def newest_code(folder):
    for _ in range(300):
        for letter in sorted((folder / "mail").glob("*.eml"), reverse=True):
            mail = email.message_from_bytes(letter.read_bytes(), policy=email.policy.default)
            body = mail.get_body(("plain",))
            found = body and re.search(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}\b", body.get_content())
            if found:
                return found.group()
        time.sleep(0.1)
    raise SystemExit("the code never came")


def signed_in(address, folder):
    browser = ask(f"{address}/api/v1/sign-in/codes", {"email": "gina@customers.example"})
    code = newest_code(folder)
    return ask(f"{address}/api/v1/sign-in/session", {"code": code}, browser)


def ids(address, cookies):
    headers = OWN_PAGE | {"Cookie": cookies}
    request = urllib.request.Request(f"{address}/api/v1/sign-in/session", headers=headers)
    return json.load(urllib.request.urlopen(request))["accounts"][0]["id"]


def trial(who, address, headers, account, examples, left_out):
    settings = pathlib.Path(tempfile.mkdtemp()) / "schemathesis.toml"
    lines = ["[[operations]]", 'include-path-regex = "/accounts/"', "[operations.parameters]",
             f'"path.id" = "{account}"'] if account else []
    settings.write_text("\n".join(lines) + "\n")
    command = [str(pathlib.Path(sys.executable).parent / "st"), "--config-file", str(settings),
               "run", str(DOCUMENT), "--url", address, "--checks", CHECKS, "--max-examples",
               str(examples), "--seed", os.environ.get("PAYDOWN_SEED", "1"), "--no-color",
               "--continue-on-failure", "--suppress-health-check", "all", "--warnings", "off"]
    for name, value in headers.items():
        command += ["--header", f"{name}: {value}"]
    for operation in left_out:
        command += ["--exclude-operation-id", operation]
    print(f"-- as {who}", flush=True)
    return subprocess.run(command).returncode


def main():
    program, examples = str(pathlib.Path(sys.argv[1]).resolve()), int(sys.argv[2])
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        run(program, folder, "demo")
        key = re.search(r"pdop_\S+", run(program, folder, "operator", "add", "trials", "--role",
                                       "clerk,approver,admin,auditor")).group()
        serving, address = serve(program, folder)
        try:
            cookies = signed_in(address, folder)
            account = ids(address, cookies)
            staff = {"Authorization": f"Bearer {key}"}
            failed = [
                trial("nobody", address, OWN_PAGE, None, examples, []),
                # Who signs out or in again is somebody else afterwards.
                trial("a customer", address, OWN_PAGE | {"Cookie": cookies}, account, examples,
                      ["signOut", "signIn"]),
                trial("staff", address, staff, account, examples, []),
            ]
            if serving.poll() is not None:
                raise SystemExit("the program ended meanwhile")
            print(run(program, folder, "check"))
        finally:
            serving.terminate()
            serving.wait(30)
        faults = [line for line in (folder / "log").read_text().splitlines() if "ERROR" in line]
        print("\n".join(faults[:20]))
        if any(failed) or faults:
            raise SystemExit("some answers are not what docs/openapi.json says")


main()
