"""``homalos journal {verify,show,replay}``; each answers an exit code."""

import argparse
import sys
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from homalos.kernel import journal as journals
from homalos.model.times import china_text

if TYPE_CHECKING:
    from homalos.app.journal_replay import Report

DONE, FAILED, WRONG = 0, 1, 2


def journal(options: argparse.Namespace) -> int:
    """``verify`` reads all and tells every fault; ``show`` prints records as JSON lines;
    ``replay`` makes a run again and compares it."""
    folder = options.data_dir / "journal"
    if not folder.is_dir():
        sys.stderr.write(f"{folder}: no journal there / 没有日志账\n")
        return FAILED
    try:
        return {"verify": _verify, "show": _show, "replay": _replay}[options.action](
            folder, options
        )
    except journals.JournalError as error:
        sys.stderr.write(f"{error}\n")
        return FAILED
    except BrokenPipeError:
        return DONE


def _verify(folder: Path, options: argparse.Namespace) -> int:
    verdict = journals.verify(folder)
    sys.stdout.write(
        f"{verdict.segments} segments, {verdict.records} records: {verdict.ingress} ingress, "
        f"{verdict.outcomes} outcomes, last seq {verdict.last_seq}\n"
    )
    for fault in verdict.faults:
        sys.stdout.write(f"FAULT {fault}\n")
    return FAILED if verdict.faults else DONE


def _show(folder: Path, options: argparse.Namespace) -> int:
    lines: deque[str] = deque(maxlen=options.last or None)
    for record in journals.read(folder):
        if options.kind and record.kind.name.lower() != options.kind:
            continue
        if options.event and record.name() != options.event:
            continue
        line = _line(record)
        if options.last:
            lines.append(line)
        else:
            print(line)
    for line in lines:
        print(line)
    return DONE


def _line(record: journals.JournalRecord) -> str:
    event = record.event()
    fields = msgspec.structs.asdict(event)
    if "config" in fields:  # a whole configuration: no line for a person
        fields["config"] = f"{len(fields['config'])} bytes"
    body = msgspec.json.encode(fields).decode()
    kind = record.kind.name.lower()
    return f"{record.seq}\t{china_text(record.ts)}\t{kind}\t{type(event).__name__}\t{body}"


def _replay(folder: Path, options: argparse.Namespace) -> int:
    from homalos.app import journal_replay
    from homalos.commands import config_dir, load_config

    config, home = None, config_dir()
    if options.config is not None or options.overrides:
        loaded = load_config(options.config, options.overrides)
        if loaded is None:
            return WRONG
        config, home = loaded.config, loaded.folder
    own = journal_replay.Own.of(
        options.strategies or home.parent / "strategies", options.risk_rules
    )
    try:
        run = journal_replay.find(folder, options.run)
        try:
            config = journal_replay.check(run, own, config)
        except journal_replay.ReplayRefused as refusal:
            if not options.anyway:
                raise
            sys.stderr.write(f"{refusal}\n")
            config = config or journal_replay.recorded_config(run)
    except journal_replay.ReplayRefused as refusal:
        sys.stderr.write(f"{refusal}\n")
        return WRONG
    report = journal_replay.replay(folder, run, config, own)
    sys.stdout.write(_told(report))
    return DONE if report.same else FAILED


def _told(report: "Report") -> str:
    compared = f"{report.outcomes} outcomes and {report.checkpoints} checkpoints compared"
    lines = [
        f"run {report.run}: {report.ingress} ingress put in, {compared}",
        f"state_hash {report.state_hash}",
    ]
    if report.difference is not None:
        lines.append(f"FIRST DIFFERENCE / 首个差异  {report.difference}")
    elif not report.ended:
        lines.append("the run was killed: no hash to compare, all outcomes agree / 该次运行被中止")
    else:
        lines.append("the same state_hash as the run's own / 与运行时一致")
    if report.ended and report.difference is None:
        lines.append(report.recovery or "recovery comes to the same orders and books / 恢复一致")
    return "\n".join(lines) + "\n"
