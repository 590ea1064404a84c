"""Runs one pipeline from its mounted manifest: `python -m hive.pipelines.job_entrypoint`."""

import os
import pathlib
import sys

import yaml

from hive import fault, log
from hive.log import event


def _manifest() -> pathlib.Path:
    root = pathlib.Path(os.environ.get("HIVE_WORKSPACE", "/data/pipelines"))
    project = os.environ.get("HIVE_PROJECT_ID", "*")
    found = sorted(root.glob(f"{project}/pipeline/pipeline.yaml"))
    if len(found) != 1:
        _fail(f"expected one {root}/<project_id>/pipeline/pipeline.yaml and found {len(found)}")
    return found[0]


def _fail(message: str):
    event("error", f"pipeline failed: {message}", event="pipeline_failed")
    sys.exit(1)


def main() -> None:
    log.setup("pipeline")
    if fault.NAME == "exit-1":
        _fail("step fetch ended with status 1")
    file = _manifest()
    try:
        manifest = yaml.safe_load(file.read_text())
        project, name, steps = (manifest[key] for key in ("project_id", "pipeline_name", "steps"))
    except (yaml.YAMLError, KeyError, TypeError) as error:
        _fail(f"{file} is not a manifest with project_id, pipeline_name and steps ({type(error).__name__})")
    if project != file.parent.parent.name:
        _fail(f"{file} is mounted under another project than its own, {project}")
    if not isinstance(steps, list) or not steps:
        _fail(f"{file} has no steps")
    for number, step in enumerate(steps, 1):
        event("info", f"step {number} of {len(steps)}: {step}", project_id=project, pipeline_name=name)
    event("info", "pipeline finished", event="pipeline_finished", project_id=project, pipeline_name=name)


if __name__ == "__main__":
    main()
