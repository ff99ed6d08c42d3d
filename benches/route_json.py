#!/usr/bin/env python3
"""Writes Windows events in flat JSON lines with their Sigma log source in three extra fields.

    zstdcat recordings/*/*.zst | route_json.py COPIES > input.json

A tool that routes by log source has to be told the source of each event; `ls_product`, `ls_service` and `ls_category`
tell it, and `ls_line` numbers the lines from 1 so that detections can be compared record by record. An event without a service or a category gets the word `none`, so that rules of other sources are ruled out.
One field holds one word: a Sysmon registry event, which is of two categories, gets the more particular one.
"""
import json
import sys

SERVICES = {
    "Security": "security",
    "System": "system",
    "Application": "application",
    "Microsoft-Windows-Sysmon/Operational": "sysmon",
    "Microsoft-Windows-PowerShell/Operational": "powershell",
    "Windows PowerShell": "powershell-classic",
    "Microsoft-Windows-WMI-Activity/Operational": "wmi",
    "Microsoft-Windows-TaskScheduler/Operational": "taskscheduler",
    "Microsoft-Windows-Windows Defender/Operational": "windefend",
    "Microsoft-Windows-Bits-Client/Operational": "bits-client",
    "Microsoft-Windows-Shell-Core/Operational": "shell-core",
    "Microsoft-Windows-Windows Firewall With Advanced Security/Firewall": "firewall-as",
    "Directory Service": "directory-service",
}
FOLDED = {channel.lower(): service for channel, service in SERVICES.items()}
SYSMON = {
    1: "process_creation", 2: "file_change", 3: "network_connection", 4: "sysmon_status", 5: "process_termination",
    6: "driver_load", 7: "image_load", 8: "create_remote_thread", 9: "raw_access_thread", 10: "process_access",
    11: "file_event", 13: "registry_set", 14: "registry_rename", 15: "create_stream_hash", 16: "sysmon_status",
    17: "pipe_created", 18: "pipe_created", 19: "wmi_event", 20: "wmi_event", 21: "wmi_event", 22: "dns_query",
    23: "file_delete", 25: "process_tampering", 26: "file_delete",
}
OTHERS = {
    ("security", 4688): "process_creation", ("security", 4657): "registry_set",
    ("powershell", 4103): "ps_module", ("powershell", 4104): "ps_script",
    ("powershell-classic", 400): "ps_classic_start", ("powershell-classic", 600): "ps_classic_provider_start",
    ("powershell-classic", 800): "ps_classic_script", ("windefend", 1116): "antivirus",
}


def category(service, event_id, event):
    """The one Sigma category of an event, or `none`."""
    if service == "sysmon" and event_id == 12:
        deed = str(event.get("Message", "")).split("EventType", 1)[-1][:20]
        return "registry_delete" if "Delete" in deed else "registry_add"
    if service == "sysmon":
        return SYSMON.get(event_id, "none")
    return OTHERS.get((service, event_id), "none")


def main():
    lines = []
    for number, line in enumerate(sys.stdin, 1):
        event = json.loads(line)
        service = FOLDED.get(str(event.get("Channel")).lower(), "none")
        extra = {
            "ls_product": "windows",
            "ls_service": service,
            "ls_category": category(service, event.get("EventID"), event),
            "ls_line": number,
        }
        lines.append(line.rstrip("\r\n")[:-1] + "," + json.dumps(extra)[1:] + "\n")
    for _ in range(int(sys.argv[1])):
        sys.stdout.writelines(lines)


if __name__ == "__main__":
    main()
