"""Build sdist and wheel into ``dist/``, and prove that they are fit: ``make dist lowest pythons sbom``.

The wheel is tried as a user has it: alone, in a fresh environment of each Airflow line, where it runs the DAG
of the README against its own sandbox. The sdist's unit tests run from what the sdist holds and nothing else.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

from tools.setup_environment import ROOT, UV, uv_settings

LINES = ("3.3.2", "2.11.2")
DIST = ROOT / "dist"
SCRATCH = ROOT / ".run" / "dist"
TOOLS = ROOT / ".venvs" / f"airflow-{LINES[0]}-docs" / "bin"
# What `make dist` gives every file as its time, so that the same source makes the same bytes.
EPOCH = "1764547200"
IN_THE_WHEEL = ("py.typed", "reports/plan_page.css", "reports/plan_page.js", "sandbox/__main__.py")
README_DAG = re.compile(r"```python\n(.*?DAG\(.*?)```", re.DOTALL)
DAG_ID = re.compile(r'DAG\("(\w+)"')


def run(*command: str | Path, folder: Path = ROOT, **env: str) -> None:
    """Run a command and show it; a failure ends the build."""
    print("  $", *(Path(part).name if isinstance(part, Path) else part for part in command), flush=True)
    subprocess.run(command, cwd=folder, env={**os.environ, **uv_settings(), **env}, check=True)


def build(folder: Path) -> tuple[Path, Path]:
    """Build both into a folder, the wheel out of the sdist, and return them."""
    shutil.rmtree(folder, ignore_errors=True)
    run(UV, "build", "--quiet", "--out-dir", folder, ROOT, SOURCE_DATE_EPOCH=EPOCH)
    (sdist,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    return sdist, wheel


def compute_digests(*files: Path) -> list[str]:
    """Return the SHA-256 of each file."""
    return [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]


def check_metadata(sdist: Path, wheel: Path) -> None:
    """Let the field's own checkers look at what was built."""
    run(TOOLS / "validate-pyproject", "pyproject.toml")
    run(TOOLS / "twine", "check", "--strict", sdist, wheel)
    run(TOOLS / "check-wheel-contents", wheel)
    run(TOOLS / "pyroma", "--min=10", sdist)


def check_contents(wheel: Path) -> None:
    """Refuse a wheel that lacks what it needs at run time, or that holds anything beside the package."""
    names = set(zipfile.ZipFile(wheel).namelist())
    lacking = [name for name in IN_THE_WHEEL if f"airflow_provider_om_messaging/{name}" not in names]
    lacking += [] if any(name.endswith("licenses/LICENSE") for name in names) else ["LICENSE"]
    beside = [name for name in names if not name.startswith("airflow_provider_om_messaging")]
    if lacking or beside:
        sys.exit(f"The wheel lacks {lacking}, and should not hold {beside}.")


def try_sdist(sdist: Path) -> None:
    """Run the unit tests from the unpacked sdist alone."""
    folder = SCRATCH / "sdist"
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    (source,) = folder.iterdir()
    python = ROOT / ".venvs" / f"airflow-{LINES[0]}" / "bin" / "python"
    run(
        *(python, "-m", "pytest", "-q", "tests/unit"),
        folder=source,
        PYTHONPATH=str(source),
        # Tables of Unicode, which take seconds to make.
        HYPOTHESIS_STORAGE_DIRECTORY=str(ROOT / ".hypothesis"),
        AIRFLOW_HOME=str(ROOT / ".run" / f"test-{LINES[0]}"),
    )


def make_environment(folder: Path, *packages: str, python: str = sys.executable) -> None:
    """Make a fresh environment with these packages, by default of the Python that runs this."""
    run(UV, "venv", "--quiet", "--clear", "--python", python, folder)
    run(UV, "pip", "install", "--quiet", "--python", folder / "bin" / "python", *packages)


def get_constraints(line: str) -> str:
    """Return the path of a line's tested versions."""
    return str(ROOT / "constraints" / f"airflow-{line}.txt")


def install_wheel(wheel: Path, line: str) -> Path:
    """Install the wheel with Airflow and nothing of this folder; return the environment."""
    environment = SCRATCH / f"airflow-{line}"
    make_environment(
        environment, f"{wheel}[sandbox]", f"apache-airflow=={line}", "--constraint", get_constraints(line)
    )
    return environment


def try_wheel(wheel: Path, line: str) -> None:
    """Run the README's DAG against the sandbox, both from the installed wheel."""
    environment, home = install_wheel(wheel, line), SCRATCH / f"home-{line}"
    dags = home / "dags"
    dags.mkdir(parents=True)
    found = README_DAG.search((ROOT / "README.md").read_text(encoding="utf-8"))
    dag_id = DAG_ID.search(found.group(1)) if found else None
    if found is None or dag_id is None:
        sys.exit("The README shows no DAG.")
    (dags / "readme.py").write_text(found.group(1), encoding="utf-8")
    python = environment / "bin" / "python"
    settings = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "PYTHONPATH": "",
        "PATH": f"{environment / 'bin'}{os.pathsep}{os.environ['PATH']}",
    }
    run(environment / "bin" / "airflow", "db", "migrate", folder=home, **settings)
    script = ROOT / "tools" / "run_readme_dag.py"
    shutil.copy(script, home)
    run(python, home / script.name, dag_id.group(1), folder=home, **settings)


def make_dist() -> None:
    """Build, build again, and try both."""
    shutil.rmtree(SCRATCH, ignore_errors=True)
    first = compute_digests(*build(SCRATCH / "first"))
    sdist, wheel = build(DIST)
    if compute_digests(sdist, wheel) != first:
        sys.exit("Building twice gave different bytes.")
    check_metadata(sdist, wheel)
    check_contents(wheel)
    try_sdist(sdist)
    for line in LINES:
        try_wheel(wheel, line)
    print("== Built and tried:", *(file.relative_to(ROOT) for file in (sdist, wheel)))


def try_lowest() -> None:
    """Run unit and some contract tests with the lowest versions that pyproject.toml declares."""
    # The tools of the tests stay as they are pinned: users need none of them.
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8").partition("[dependency-groups]")[0]
    declared = set(re.findall(r'"([\w-]+)(?:\[\w+\])?>=', text))
    for line in LINES:
        environment = SCRATCH / f"lowest-{line}"
        SCRATCH.mkdir(parents=True, exist_ok=True)
        constraints = SCRATCH / f"lowest-{line}.txt"
        # What this package declares goes as low as it says; what Airflow brings along stays as it was tested.
        tested = Path(get_constraints(line)).read_text(encoding="utf-8").splitlines()
        tested = [pin for pin in tested if re.split(r"[=\[ ]", pin)[0] not in declared]
        constraints.write_text("\n".join(tested), encoding="utf-8")
        make_environment(
            environment,
            *(f"{ROOT}[sandbox,sockets]", f"apache-airflow=={line}", "--resolution", "lowest-direct"),
            *("--constraint", str(constraints), "--group", f"{ROOT / 'pyproject.toml'}:test"),
        )
        run(
            *(environment / "bin" / "python", "-m", "pytest", "-q"),
            *("tests/unit", "tests/contract/transport"),
            AIRFLOW_HOME=str(SCRATCH / f"lowest-home-{line}"),
        )


def find_interpreter(version: str) -> str | None:
    """Return a Python of this version that is on PATH, or that pyenv keeps; None if there is none."""
    pyenv = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    folders = [os.environ["PATH"], *(str(each) for each in pyenv.glob(f"versions/{version}.*/bin"))]
    found = subprocess.run(
        [UV, "python", "find", "--system", version],
        env={**os.environ, **uv_settings(), "PATH": os.pathsep.join(folders)},
        capture_output=True,
        text=True,
        check=False,
    )
    return found.stdout.strip() or None


def try_pythons() -> None:
    """Run unit and contract tests on each Python that the package is for, beside the newer Airflow line."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    results = {}
    for version in re.findall(r'"Programming Language :: Python :: (3\.\d+)"', text):
        python = find_interpreter(version)
        results[version] = (
            _try_python(version, python) if python else "NOT tested: none on PATH or from pyenv"
        )
    for version, result in results.items():
        print(f"== Python {version}: {result}")
    if "failed" in results.values():
        sys.exit(1)


def _try_python(version: str, python: str) -> str:
    print(f"== Tests on Python {version}", flush=True)
    # Not among what `make dist` clears away.
    home = ROOT / ".run" / f"python-{version}"
    environment = home / "environment"
    home.mkdir(parents=True, exist_ok=True)
    pins = get_constraints(LINES[0])
    make_environment(environment, "--no-deps", "--requirement", pins, "-e", str(ROOT), python=python)
    settings = {"AIRFLOW_HOME": str(home), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    # Tests that run side by side begin with a copy of one database.
    run(environment / "bin" / "airflow", "db", "migrate", folder=home, **settings)
    try:
        run(
            *(environment / "bin" / "python", "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile"),
            *("tests/unit", "tests/contract"),
            folder=ROOT,
            **settings,
        )
    except subprocess.CalledProcessError:
        return "failed"
    return "passed"


def make_sbom() -> None:
    """Write what an installation consists of, as CycloneDX JSON."""
    target = ROOT / ".run" / "sbom"
    target.mkdir(parents=True, exist_ok=True)
    _, wheel = build(SCRATCH / "sbom")
    for line in LINES:
        environment, bill = install_wheel(wheel, line), target / f"airflow-{line}.cdx.json"
        run(
            *(
                TOOLS / "cyclonedx-py",
                "environment",
                "--output-reproducible",
                "--pyproject",
                "pyproject.toml",
            ),
            *("--output-file", bill, environment / "bin" / "python"),
        )
        # cyclonedx-py leaves out a version that pyproject.toml does not name itself.
        document = json.loads(bill.read_text(encoding="utf-8"))
        document["metadata"]["component"]["version"] = wheel.name.split("-")[1]
        bill.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    print("== Software bills of materials in", target.relative_to(ROOT))


def main() -> int:
    """Do one of the four."""
    steps = {"dist": make_dist, "lowest": try_lowest, "pythons": try_pythons, "sbom": make_sbom}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("step", choices=steps)
    steps[parser.parse_args().step]()
    return 0


if __name__ == "__main__":
    sys.exit(main())
