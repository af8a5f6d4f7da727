"""Judges recorded requests with libmodsecurity and tells the CPU time of each.

Started by `cargo xtask bench waf`; speaks the protocol described in bench/src/waf/subject.rs.
"""

import json
import sys
import time

import libmodsecurity as lib


def resident():
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    return 0


def load(path):
    rules = lib.RulesSet()
    if rules.load_from_uri(path) < 0:
        sys.exit("libmodsecurity: " + rules.get_parser_error())
    return rules


def read(path):
    """Text holds one byte a character, as the other side writes it."""
    requests = []
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            own = json.loads(line)
            own["body"] = own["body"].encode("latin-1")
            requests.append(own)
    return requests


def is_stopped(transaction):
    intervention = transaction.intervention()
    return intervention is not None and intervention.disruptive


def phases(transaction, request):
    """Phases 1 and 2; whether the request is stopped."""
    transaction.process_connection("203.0.113.7", 40000, "192.0.2.1", 80)
    transaction.process_uri(request["target"], request["method"], "1.1")
    for name, value in request["headers"]:
        transaction.add_request_header(name, value)
    transaction.process_request_headers()
    if is_stopped(transaction):
        return True
    if request["body"]:
        transaction.append_request_body(request["body"])
    transaction.process_request_body()
    return is_stopped(transaction)


def judge(engine, rules, request):
    began = time.thread_time_ns()
    transaction = lib.Transaction(engine, rules)
    stopped = phases(transaction, request)
    transaction.process_logging()
    del transaction
    return time.thread_time_ns() - began, stopped


def main():
    requests = read(sys.argv[2])
    engine = lib.ModSecurity()
    # Without a callback every message goes to standard error.
    engine.set_log_callback(lambda message: None)
    before = resident()
    began = time.monotonic_ns()
    rules = load(sys.argv[1])
    loaded = time.monotonic_ns() - began
    ready = {"load": loaded, "memory": resident() - before, "name": engine.who_am_i()}
    print(json.dumps(ready), flush=True)
    for line in sys.stdin:
        first, last = (int(word) for word in line.split())
        told = [judge(engine, rules, own) for own in requests[first:last]]
        print(json.dumps(told), flush=True)


main()
