"""An OpenC2 consumer on otupy: its language, its transfer by HTTPS, and its packet filter (SLPF) with rule numbers and times.

What is put in force goes into a file instead of a firewall. Beside the packet filter there is a profile of the house, `x-house`, which
contains devices, and denies connections and mail addresses. Arguments: port, certificate, key, folder for what it keeps.
"""

import json
import logging
import os
import sys
import threading
import time
import types

PORT, CERTIFICATE, KEY, FOLDER = sys.argv[1:5]

import flask
import otupy
from apscheduler.events import EVENT_JOB_ADDED, EVENT_JOB_ERROR, EVENT_JOB_EXECUTED, EVENT_JOB_MISSED

# Its packages of actuators, encoders and transfers bring in clients of clouds and brokers when they begin; nothing of that is wanted, so
# they are made empty and their modules are loaded one by one.
for name in ("actuators", "actuators.slpf", "encoders", "profiles", "transfers"):
    package = types.ModuleType("otupy." + name)
    package.__path__ = [os.path.join(os.path.dirname(otupy.__file__), *name.split("."))]
    sys.modules["otupy." + name] = package

import otupy.profiles.slpf as slpf
from otupy import (
    Actions,
    ActionTargets,
    ArrayOf,
    Consumer,
    Feature,
    Nsid,
    Response,
    Results,
    StatusCode,
    TargetEnum,
    Version,
)
from otupy.actuators.slpf.slpf_actuator import SLPFActuator
from otupy.encoders.json import JSONEncoder
from otupy.transfers.http.http_transfer import HTTPSTransfer

logging.basicConfig(level=logging.INFO)


class Kept:
    """A file of JSON: what is in force, by what it is about."""

    def __init__(self, name):
        self.path = os.path.join(FOLDER, name)
        if not os.path.exists(self.path):
            self.write({})

    def read(self):
        with open(self.path) as file:
            return json.load(file)

    def write(self, value):
        with open(self.path + ".new", "w") as file:
            json.dump(value, file, sort_keys=True)
        os.replace(self.path + ".new", self.path)

    def change(self, change):
        value = self.read()
        change(value)
        self.write(value)


class Due:
    """What a scheduler still has to do now, in a file: it acts a moment after the answer."""

    def __init__(self, scheduler):
        self.kept = Kept("due.json")
        self.lock = threading.Lock()
        self.scheduler, self.due, self.early = scheduler, set(), set()
        self.kept.write([])
        scheduler.add_listener(self.added, EVENT_JOB_ADDED)
        scheduler.add_listener(self.done, EVENT_JOB_EXECUTED | EVENT_JOB_ERROR | EVENT_JOB_MISSED)

    def added(self, event):
        job = self.scheduler.get_job(event.job_id)
        if job and job.next_run_time and job.next_run_time.timestamp() > time.time() + 1:
            return
        self.move(event.job_id, self.early, self.due)

    def done(self, event):
        self.move(event.job_id, self.due, self.early)

    def move(self, job, source, destination):
        """A job may be done before it is told that it was added."""
        with self.lock:
            if job in source:
                source.remove(job)
            else:
                destination.add(job)
            self.kept.write(sorted(self.due))


class PacketFilter(SLPFActuator):
    """otupy's packet filter, in front of a file."""

    def __init__(self):
        self.rules = Kept("packet-filter.json")
        super().__init__(
            asset_id="filter-1",
            db_path=FOLDER,
            db_name="commands.sqlite",
            db_commands_table_name="commands",
            db_jobs_table_name="jobs",
            update_path=FOLDER,
        )
        self.due = Due(self.scheduler)

    def validate_action_target_args(self, action, target, args):
        return None

    def execute_deny_command(self, target, direction, drop_process, custom_data):
        self.rules.change(lambda rules: rules.update({str(target): rules.get(str(target), 0) + 1}))

    def execute_allow_command(self, target, direction, custom_data):
        raise NotImplementedError

    def execute_delete_command(self, command_to_delete, custom_data):
        def without(rules):
            key = str(command_to_delete.target.getObj())
            rules[key] -= 1
            if not rules[key]:
                del rules[key]

        self.rules.change(without)


@otupy.extension(nsid="x-house")
class HouseProfile(otupy.Profile):
    nsid = "x-house"
    name = "profile-of-the-house"


@otupy.actuator(nsid="x-house")
class HouseSpecifiers(otupy.Map):
    fieldtypes = {"asset_id": str}


class House:
    """Denied or contained things, each until it is allowed or its time is over."""

    PAIRS = {
        Actions.deny: ("ipv4_connection", "ipv6_connection", "email_addr"),
        Actions.contain: ("device",),
        Actions.allow: ("ipv4_connection", "ipv6_connection", "email_addr", "device"),
    }

    def __init__(self):
        self.kept = Kept("house.json")

    def run(self, command):
        target = command.target.getName()
        if command.action == Actions.query and target == "features":
            return self.features(command.target.getObj())
        if target not in self.PAIRS.get(command.action, ()):
            return Response(status=StatusCode.NOTIMPLEMENTED, status_text="no such pair")
        about = f"{target} {json.dumps(otupy.Encoder.todict(command.target.getObj()), sort_keys=True)}"
        if command.action == Actions.allow:
            self.kept.change(lambda kept: kept.pop(about, None))
        else:
            until = (command.args or {}).get("stop_time")
            entry = {"action": str(command.action), "until": int(until) if until is not None else None}
            self.kept.change(lambda kept: kept.update({about: entry}))
        return Response(status=StatusCode.OK, status_text="OK")

    def features(self, wanted):
        found = {}
        for feature in wanted:
            if feature == Feature.versions:
                found["versions"] = ArrayOf(Version)([Version(1, 0)])
            elif feature == Feature.profiles:
                profiles = ArrayOf(Nsid)()
                profiles.append("x-house")
                found["profiles"] = profiles
            elif feature == Feature.pairs:
                pairs = ActionTargets()
                for action, targets in self.PAIRS.items():
                    pairs[action] = [TargetEnum[target] for target in targets]
                found["pairs"] = pairs
        return Response(status=StatusCode.OK, status_text="OK", results=Results(found))


# Its server would restart itself when sources change, and its packet filter begins only in the process that was restarted: here there is
# but one process, which is that one.
os.environ["WERKZEUG_RUN_MAIN"] = "true"
actuators = {("slpf", "filter-1"): PacketFilter(), ("x-house", "house-1"): House()}
del os.environ["WERKZEUG_RUN_MAIN"]
run = flask.Flask.run
flask.Flask.run = lambda app, **options: run(app, **{**options, "debug": False})

transfer = HTTPSTransfer("127.0.0.1", int(PORT))
transfer.ssl_context = (CERTIFICATE, KEY)
Consumer("consumer.example", actuators, JSONEncoder(), transfer).run()
