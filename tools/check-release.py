#!/usr/bin/env python3
"""What tools/release.sh and tools/train.py do when something goes wrong.

Runs them in a copy with stand-ins for the compiler, meson, ninja and the
program, so that it takes a moment. Prints `release: N passed, N failed`.
"""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent

# Each says to `calls` what it was asked for.
STAND_INS = {
    "gcc": 'echo "Copyright Free Software Foundation"',
    "other": 'echo "another compiler"',
    "meson": 'echo "meson $*" >>calls\n'
             'if [ "$1" = setup ]; then mkdir -p "$2/meson-private"; fi\n'
             'if [ "$1" = setup ]; then touch "$2/build.ninja"; fi',
    "ninja": 'echo "ninja $*" >>calls\n'
             'printf "#!/bin/sh\\n" >"$3/grapnel"; chmod +x "$3/grapnel"',
}
TRAIN = "#!/bin/sh\necho train >>calls\n"


class Tree:
    """A source tree without sources, whose release takes no time."""

    def __init__(self, folder):
        self.root = folder / "a tree"
        self.dir = self.root / "the release"
        bin_folder = self.root / "bin"
        for path in (bin_folder, self.root / "src", self.root / "tools",
                     self.root / "event-types"):
            path.mkdir(parents=True)
        for name in ("meson.build", "meson_options.txt", "tools/embed.py",
                     "src/main.c", "event-types/grapnel.json"):
            (self.root / name).touch()
        for name in ("build.sh", "quietly.sh", "release.sh"):
            shutil.copy(ROOT / "tools" / name, self.root / "tools")
        for name, text in STAND_INS.items():
            self.script(f"bin/{name}", f"#!/bin/sh\n{text}\n")
        self.script("tools/train.py", TRAIN)
        self.path = f"{bin_folder}:{os.environ['PATH']}"

    def script(self, name, text):
        (self.root / name).write_text(text)
        (self.root / name).chmod(0o755)

    def release(self, compiler="gcc"):
        """(exit code, what was called)."""
        (self.root / "calls").write_text("")
        result = subprocess.run(
            ["tools/release.sh", str(self.dir)], cwd=self.root, timeout=30,
            env=os.environ | {"PATH": self.path, "CC": compiler},
            capture_output=True, check=False)
        return result.returncode, (self.root / "calls").read_text()


def a_second_release_does_nothing(tree):
    first, calls = tree.release()
    second, calls_again = tree.release()
    return (first, second) == (0, 0) and "train" in calls and not calls_again


def a_failed_training_is_made_again(tree):
    tree.script("tools/train.py", "#!/bin/sh\nexit 1\n")
    code, _ = tree.release()
    # Older than what follows, as after a failure that had other causes.
    tree.script("tools/train.py", TRAIN)
    os.utime(tree.root / "tools/train.py", (0, 0))
    code_again, calls = tree.release()
    return code != 0 and code_again == 0 and "b_pgo=generate" in calls


def a_change_of_what_is_embedded_is_built(tree):
    tree.release()
    later = time.time() + 1  # the clock of files is coarse
    os.utime(tree.root / "event-types/grapnel.json", (later, later))
    _, calls = tree.release()
    return "train" in calls


def what_changes_meanwhile_is_built_next_time(tree):
    # Until the clock of files, which is coarse, has gone on.
    tree.script("tools/train.py",
                "#!/bin/sh\nuntil [ src/main.c -nt 'the release/begun' ]; do\n"
                "touch src/main.c; done\n")
    code, _ = tree.release()
    _, calls = tree.release()
    return code == 0 and "b_pgo=generate" in calls


def without_a_program_it_is_built(tree):
    tree.release()
    (tree.dir / "grapnel").unlink()
    _, calls = tree.release()
    return "train" in calls


def a_folder_of_something_else_stays(tree):
    tree.dir.mkdir()
    (tree.dir / "letters").touch()
    code, calls = tree.release()
    return code != 0 and not calls and (tree.dir / "letters").exists()


def another_compiler_does_not_go_on_with_counters(tree):
    tree.script("tools/train.py", "#!/bin/sh\nexit 1\n")
    tree.release()
    code, calls = tree.release("other")
    return code == 0 and "meson setup" in calls and "b_pgo" not in calls


def a_compiler_behind_another_program_is_known(tree):
    _, calls = tree.release("env gcc")
    return "b_pgo=use" in calls


def hear_hangups():
    """Who runs the tests may have been told not to (nohup)."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def train(tree, program, environment=None):
    tree.script("program", "#!/bin/sh\n" + program)
    return subprocess.Popen(
        [ROOT / "tools/train.py", tree.root / "program"], cwd=tree.root,
        env=os.environ | (environment or {}), stderr=subprocess.DEVNULL,
        preexec_fn=hear_hangups)


def wait_for(claim):
    end = time.monotonic() + 20
    while not claim():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def is_there(pid):
    try:
        os.kill(pid, 0)
        return True
    except ProcessLookupError:
        return False


def a_program_that_ends_is_not_waited_for(tree):
    with train(tree, "exit 1\n") as process:
        ended = wait_for(lambda: process.poll() is not None)
        process.kill()
    return ended and process.returncode == 1


def leaves_nothing_behind(tree, number):
    said = tree.root / "said"
    with train(tree, 'echo "$$ $3" >said.new\nmv said.new said\n'
                     "exec sleep 60\n") as process:
        has_begun = wait_for(said.exists)
        process.send_signal(number)
        ended = wait_for(lambda: process.poll() is not None)
        process.kill()
    if not has_begun:
        return False
    pid, folder = said.read_text().split()
    is_left = is_there(int(pid))
    if is_left:
        os.kill(int(pid), signal.SIGKILL)
    return ended and not is_left and not pathlib.Path(folder).exists()


def a_stopped_training_leaves_nothing_behind(tree):
    return leaves_nothing_behind(tree, signal.SIGTERM)


def a_training_whose_terminal_closes_leaves_nothing_behind(tree):
    return leaves_nothing_behind(tree, signal.SIGHUP)


def settings_of_the_environment_are_not_the_programs(tree):
    with train(tree, "env >settings\nexit 1\n",
               {"GRAPNEL_CONFIG": "mine"}) as process:
        ended = wait_for(lambda: process.poll() is not None)
        process.kill()
    return ended and "GRAPNEL_CONFIG" not in (
        tree.root / "settings").read_text()


CLAIMS = [
    a_second_release_does_nothing,
    a_failed_training_is_made_again,
    a_change_of_what_is_embedded_is_built,
    what_changes_meanwhile_is_built_next_time,
    without_a_program_it_is_built,
    a_folder_of_something_else_stays,
    another_compiler_does_not_go_on_with_counters,
    a_compiler_behind_another_program_is_known,
    a_program_that_ends_is_not_waited_for,
    a_stopped_training_leaves_nothing_behind,
    a_training_whose_terminal_closes_leaves_nothing_behind,
    settings_of_the_environment_are_not_the_programs,
]


def main():
    failed = 0
    for claim in CLAIMS:
        with tempfile.TemporaryDirectory(prefix="grapnel-release-") as folder:
            is_good = claim(Tree(pathlib.Path(folder)))
        if not is_good:
            failed += 1
            print(f"not so: {claim.__name__}")
    print(f"release: {len(CLAIMS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
