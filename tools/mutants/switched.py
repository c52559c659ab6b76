"""The sources with every mutant in them, each behind a switch of its own."""

import bisect
import subprocess
from dataclasses import dataclass
from pathlib import Path

# Which mutant is alive, and where to note those that are reached, comes from outside.
SWITCH = """
pub mod mutant_switch {
    use std::collections::BTreeSet;
    use std::fs::OpenOptions;
    use std::io::Write;
    use std::sync::{LazyLock, Mutex};

    static ALIVE: LazyLock<u32> = LazyLock::new(|| {
        std::env::var("PAYDOWN_TEST_MUTANT").ok().and_then(|n| n.parse().ok()).unwrap_or(0)
    });
    static NOTES: LazyLock<Option<String>> =
        LazyLock::new(|| std::env::var("PAYDOWN_TEST_REACHED").ok());
    static NOTED: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

    pub fn on(number: u32) -> bool {
        if let Some(notes) = &*NOTES
            && NOTED.lock().unwrap().insert(number)
        {
            let mut file = OpenOptions::new().create(true).append(true).open(notes).unwrap();
            file.write_all(format!("{number}\\n").as_bytes()).unwrap();
        }
        *ALIVE == number
    }
}
"""


@dataclass
class Mutant:
    """One change that cargo-mutants would make."""

    number: int
    name: str
    file: str
    genre: str
    function: str
    span: dict
    replacement: str
    # None while it is buildable behind its switch; else why it is not.
    problem: str | None = None

    @property
    def key(self):
        start = self.span["start"]
        return self.file, self.genre, start["line"], start["column"]


class Text:
    """A source file that is addressed as cargo-mutants does: lines and columns from 1."""

    def __init__(self, text):
        self.text = text
        self.begins = [0]
        for line in text.splitlines(keepends=True):
            self.begins.append(self.begins[-1] + len(line))

    def at(self, line, column):
        return self.begins[line - 1] + column - 1


class Sources:
    def __init__(self, project, copy, package, mutants, places_program):
        self.project, self.copy, self.package = Path(project), Path(copy), package
        self.mutants = mutants
        self.texts = {
            file: Text((self.project / file).read_text()) for file in {m.file for m in mutants}
        }
        self.places, self.const_functions = self.find_places(places_program)
        self.never_const = set()
        for mutant in mutants:
            mutant.problem = self.inexpressible(mutant)

    def find_places(self, program):
        """{(file, genre, line, column): (from, to, note)} and, by file, [(word, body)]."""
        command = [str(program), *sorted(self.texts)]
        told = subprocess.run(command, cwd=self.project, stdout=subprocess.PIPE, text=True)
        told.check_returncode()
        places, words = {}, {}
        for line in told.stdout.splitlines():
            file, kind, *numbers, note = line.split("\t")
            numbers = [int(number) for number in numbers]
            key = file, kind, numbers[0], numbers[1] + 1
            text = self.texts[file]
            place = text.at(numbers[2], numbers[3] + 1), text.at(numbers[4], numbers[5] + 1)
            (words if kind == "ConstFn" else places)[key] = (*place, note)
        functions = {}
        for (file, _, line, column), word in words.items():
            body = places[file, "FnValue", line, column]
            functions.setdefault(file, []).append((word[:2], body[:2]))
        return places, functions

    def inexpressible(self, mutant):
        if mutant.key not in self.places:
            return "a constant"
        note = self.places[mutant.key][2]
        if note == "impl" and mutant.genre == "FnValue":
            return "its type has no name"
        if note == "let":
            return "does not build: `let` beside `||`"
        return None

    def const_around(self, mutant):
        """Where the word `const` stands of the function this mutant is in, if it has one."""
        start, end, _ = self.places[mutant.key]
        for word, body in self.const_functions.get(mutant.file, []):
            if body[0] <= start and end <= body[1]:
                return word
        return None

    def write(self):
        """Writes the copy; returns, by file, what lines belong to which mutant."""
        lines = {}
        for file in self.texts:
            mutants = [m for m in self.mutants if m.file == file and m.problem is None]
            text = self.switched(file, mutants)
            (self.copy / file).write_text(text)
            lines[file] = lines_of_mutants(text)
        root = f"{self.package}/src/lib.rs"
        begun = (self.copy if root in self.texts else self.project) / root
        (self.copy / root).write_text(begun.read_text() + SWITCH)
        return lines

    def switched(self, file, mutants):
        text = self.texts[file].text
        by_place, words = {}, set()
        for mutant in mutants:
            by_place.setdefault(mutant.key, []).append(mutant)
            words.add(self.const_around(mutant))
        for start, end in words - {None}:
            text = text[:start] + " " * (end - start) + text[end:]
        wraps = [self.wrap(text, key, chosen) for key, chosen in by_place.items()]
        return wrapped(text, wraps)

    def wrap(self, text, key, mutants):
        """(from, to, before, after): what has to stand around the original."""
        start, end, _ = self.places[key]
        if key[1] == "FnValue":
            returns = (
                alive(m, f"if {switch(m)} {{ return {m.replacement or '()'}; }}") for m in mutants
            )
            return start, end, "".join(returns), ""
        if key[1] == "MatchArm":
            return end, end, "", alive(mutants[0], f" if !{switch(mutants[0])} ")
        choices = ""
        for mutant in mutants:
            span, at = mutant.span, self.texts[mutant.file].at
            cut = at(span["start"]["line"], span["start"]["column"])
            rest = at(span["end"]["line"], span["end"]["column"])
            changed = text[start:cut] + mutant.replacement + text[rest:end]
            choices += alive(mutant, f"if {switch(mutant)} {{ {changed} }} else ")
        return start, end, f"({choices}{{ ", " })"


def switch(mutant):
    return f"crate::mutant_switch::on({mutant.number})"


def alive(mutant, text):
    return f"\n/*mutant {mutant.number}*/ {text}\n/*end*/ "


def wrapped(text, wraps):
    """Puts every wrap around its text; the wider one outside."""
    at = {}
    for start, end, before, _ in sorted(wraps, key=lambda w: -w[1]):
        at.setdefault(start, ["", ""])[1] += before
    for start, end, _, after in sorted(wraps, key=lambda w: -w[0]):
        at.setdefault(end, ["", ""])[0] += after
    parts, done = [], 0
    for position in sorted(at):
        closing, opening = at[position]
        parts += [text[done:position], closing, opening]
        done = position
    return "".join([*parts, text[done:]])


def lines_of_mutants(text):
    """[(first line, last line, number)], in order."""
    found = []
    for at, line in enumerate(text.splitlines(), start=1):
        if line.startswith("/*mutant "):
            begun = at, int(line.split("*/")[0].removeprefix("/*mutant "))
        elif line.startswith("/*end*/"):
            found.append((begun[0], at, begun[1]))
    return found


def mutant_at(lines, first, last):
    """Whose lines these are, if they are one mutant's."""
    at = bisect.bisect_right(lines, (first, float("inf"), 0)) - 1
    if at >= 0 and lines[at][0] <= first and last <= lines[at][1]:
        return lines[at][2]
    return None
