"""The official suite of checkpointers, whole, against a pod whose address is given.

    python conformance.py URL KEY      KEY may create users
"""

import asyncio
import sys
from uuid import uuid4

from langgraph.checkpoint.conformance import checkpointer_test, validate
from langgraph.checkpoint.conformance.report import ProgressCallbacks

from synap_langgraph import Pod, SynapSaver

URL, OWNER_KEY = sys.argv[1:3]


@checkpointer_test(name="SynapSaver")
async def synap_saver():
    # A user of its own: whoever lists all threads sees those of nobody else.
    with Pod(URL, OWNER_KEY) as owner:
        key = owner.call("users.create", name=f"user {uuid4()}")["key"]
    async with Pod(URL, key) as pod:
        yield SynapSaver(pod)


async def main() -> None:
    report = await validate(synap_saver, progress=ProgressCallbacks.verbose())
    report.print_report()
    results = report.results
    assert len(results) == 8, f"{len(results)} capabilities were looked at"
    for name, result in results.items():
        assert result.detected, f"{name} was not found"
        assert result.passed and result.tests_passed > 0, f"{name}: {result.failures}"
    print(f"passed: {sum(result.tests_passed for result in results.values())} tests of {len(results)} capabilities")


asyncio.run(main())
