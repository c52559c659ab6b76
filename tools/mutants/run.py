"""Builds one program with every mutant in it, and asks the tests about each mutant.

    run.py PACKAGE MUTANTS.json COPY OUTCOME PLACES-PROGRAM [--missed] -- ARGUMENT-OF-CARGO-TEST…

Called by tools/mutants.sh. MUTANTS.json is cargo-mutants' list, COPY a copy of the project that is
broken and built. A test that fails twice with a mutant has caught it, one that hangs as well;
a mutant that no test reaches is missed at once. `--missed` asks again only about those that were
missed the last time.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from switched import Mutant, Sources, mutant_at

# How many tests are asked together: the likeliest alone, the last ones all at once.
BATCHES = (1, 2, 4, 8, 16)
# Minutes each, and what they reach others reach too.
LEFT_OUT = ("proof_kills::", "proof_simulator::")


def build(sources, arguments, environment):
    """Drops the mutants that do not build until the rest does. Returns the tests' programs."""
    command = ["cargo", "test", "--no-run", "--message-format=json", *arguments]
    for _ in range(30):
        lines = sources.write()
        told = subprocess.run(
            command, cwd=sources.copy, env=environment, stdout=subprocess.PIPE, text=True
        )
        messages = [json.loads(line) for line in told.stdout.splitlines() if line[:1] == "{"]
        if told.returncode == 0:
            return [
                (m["target"]["name"] + ("" if "test" in m["target"]["kind"] else " (lib)"),
                 m["executable"], Path(m["manifest_path"]).parent)
                for m in messages
                if m.get("executable") and m["profile"]["test"] and m["target"]["kind"] != ["bin"]
            ]
        errors = [
            m["message"] for m in messages
            if m["reason"] == "compiler-message" and m["message"]["level"] == "error"
        ]
        if not drop(sources, lines, errors):
            raise SystemExit("The copy does not build, and not by a mutant.")
    raise SystemExit("The copy does not build after 30 tries.")


def drop(sources, lines, errors):
    """Marks the mutants the compiler complains about; whether there were any."""
    by_number = {mutant.number: mutant for mutant in sources.mutants}
    dropped, others = {}, []
    for error in errors:
        code = (error["code"] or {}).get("code") or ""
        if code == "E0015":
            name = re.search(r"`(?:.*::)?(\w+)(?:::<.*>)?`", error["message"])[1]
            for mutant in sources.mutants:
                if mutant.problem is None and mutant.function.split("::")[-1] == name:
                    if sources.const_around(mutant):
                        dropped[mutant.number] = "a constant is computed by it"
            continue
        spans = sorted(error["spans"], key=lambda span: not span["is_primary"])
        found = (
            mutant_at(lines.get(s["file_name"], []), s["line_start"], s["line_end"]) for s in spans
        )
        number = next((number for number in found if number), None)
        if code == "E0004":
            number = next_arm(sources, lines, spans[0])
        if number:
            dropped[number] = f"does not build: {code} {error['message']}"
        elif error["spans"]:
            others.append(error)
    for number, why in dropped.items():
        by_number[number].problem = why
    if not dropped:
        for error in others:
            print(error["rendered"], file=sys.stderr)
    return bool(dropped)


def next_arm(sources, lines, span):
    """The arm taken out of a match that then no longer knows all cases."""
    arms = {mutant.number for mutant in sources.mutants if mutant.genre == "MatchArm"}
    below = (n for first, _, n in lines[span["file_name"]] if first >= span["line_start"])
    return next((number for number in below if number in arms), None)


class Test:
    def __init__(self, program, name):
        self.program, self.name = program, name
        self.seconds, self.reached = 0.0, set()

    def __str__(self):
        return f"{self.program[0]}: {self.name}"


def ask(program, names, environment, limit):
    """'passed', 'failed' or 'hung'."""
    _, executable, folder = program
    command = [executable, "--exact", *names]
    told = subprocess.Popen(
        command, cwd=folder, env=environment, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    try:
        return "passed" if told.wait(limit) == 0 else "failed"
    except subprocess.TimeoutExpired:
        os.killpg(told.pid, signal.SIGKILL)
        told.wait()
        return "hung"


def baseline(programs, environment, notes):
    """Every test by itself: how long it takes and which mutants it reaches."""
    tests = []
    for program in programs:
        listed = subprocess.run(
            [program[1], "--list", "--format=terse"], cwd=program[2], env=environment,
            stdout=subprocess.PIPE, text=True, check=True,
        )
        for line in listed.stdout.splitlines():
            name = line.removesuffix(": test")
            if name == line or name.endswith("::on_postgres") or name.startswith(LEFT_OUT):
                continue
            test = Test(program, name)
            notes.unlink(missing_ok=True)
            began = time.monotonic()
            told = ask(program, [name], environment | {"PAYDOWN_TEST_REACHED": str(notes)}, 600)
            test.seconds = time.monotonic() - began
            if told != "passed":
                print(f"left out, it {told} without a mutant: {test}", flush=True)
                continue
            if notes.exists():
                test.reached = {int(line) for line in notes.read_text().split()}
            tests.append(test)
    return tests


def trial(mutant, tests, killers, environment):
    """(outcome, by which tests)."""
    reaching = [test for test in tests if mutant.number in test.reached]
    if not reaching:
        return "missed", "no test reaches it"
    # What caught others in the same function comes first, then what is quick.
    reaching.sort(key=lambda t: (-killers[mutant.function, str(t)], t.seconds))
    environment = environment | {"PAYDOWN_TEST_MUTANT": str(mutant.number)}
    done, batch = 0, 0
    while done < len(reaching):
        size = BATCHES[batch] if batch < len(BATCHES) else len(reaching)
        chosen, done, batch = reaching[done:done + size], done + size, batch + 1
        for program in dict.fromkeys(test.program for test in chosen):
            asked = [test for test in chosen if test.program == program]
            names = [test.name for test in asked]
            limit = 30 + 5 * sum(test.seconds for test in asked)
            told = ask(program, names, environment, limit)
            if told == "failed":
                told = ask(program, names, environment, limit)
            if told != "passed":
                for test in asked:
                    killers[mutant.function, str(test)] += 1
                return ("caught" if told == "failed" else "hung"), ", ".join(map(str, asked))
    return "missed", f"{len(reaching)} tests reach it"


def read_mutants(file):
    return [
        Mutant(number, told["name"], told["file"], told["genre"],
               (told["function"] or {}).get("function_name", ""), told["span"],
               told["replacement"])
        for number, told in enumerate(json.loads(Path(file).read_text()), start=1)
    ]


def report(outcomes, folder):
    counted = Counter(outcome for outcome, _ in outcomes.values())
    caught, missed = counted["caught"] + counted["hung"], counted["missed"]
    for wanted in ("missed", "inexpressible", "unbuildable"):
        names = [f"{name}    # {why}" for name, (o, why) in outcomes.items() if o == wanted]
        (folder / f"{wanted}.txt").write_text("".join(name + "\n" for name in names))
    print((folder / "missed.txt").read_text(), end="")
    share = 100 * caught / max(1, caught + missed)
    print(
        f"{len(outcomes)} mutants: {caught} caught ({counted['hung']} by hanging), {missed} missed, "
        f"{counted['unbuildable']} not buildable, {counted['inexpressible']} without a switch; "
        f"{share:.1f} % of those tried are caught"
    )


def main():
    ours, arguments = sys.argv[1:sys.argv.index("--")], sys.argv[sys.argv.index("--") + 1:]
    package, listed, copy, folder, places = ours[:5]
    only_missed = "--missed" in ours
    copy, folder = Path(copy).resolve(), Path(folder).resolve()
    environment = os.environ | {"TMPDIR": str(copy / "tmp")}
    (copy / "tmp").mkdir(exist_ok=True)
    mutants = read_mutants(listed)
    sources = Sources(Path.cwd(), copy, package, mutants, places)
    began = time.monotonic()
    programs = build(sources, ["--package", package, *arguments], environment)
    print(f"built in {time.monotonic() - began:.0f} s", flush=True)
    began = time.monotonic()
    tests = baseline(programs, environment, copy / "reached")
    print(f"{len(tests)} tests pass in {time.monotonic() - began:.0f} s", flush=True)

    kept = folder / "outcomes.json"
    known = {mutant.name for mutant in mutants}
    before = json.loads(kept.read_text()) if only_missed else {}
    outcomes = {name: outcome for name, outcome in before.items() if name in known}
    killers = Counter()
    for mutant in mutants:
        if outcomes.get(mutant.name, ["missed"])[0] != "missed":
            continue
        if mutant.problem:
            kind = "unbuildable" if "not build" in mutant.problem else "inexpressible"
            outcomes[mutant.name] = kind, mutant.problem
            continue
        outcome, why = trial(mutant, tests, killers, environment)
        outcomes[mutant.name] = outcome, why
        kept.write_text(json.dumps(outcomes, indent=1))
        print(f"{outcome}: {mutant.name}    # {why}", flush=True)
    kept.write_text(json.dumps(outcomes, indent=1))
    report(outcomes, folder)


if __name__ == "__main__":
    main()
