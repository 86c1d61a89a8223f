"""LangGraph on a Synap pod."""

from synap_langgraph.marks import DATA_RULE
from synap_langgraph.pod import Pod, PodError
from synap_langgraph.saver import SynapSaver
from synap_langgraph.store import SynapItem, SynapSearchItem, SynapStore
from synap_langgraph.tools import ProcedureTool, atools, tools

__all__ = [
    "DATA_RULE",
    "Pod",
    "PodError",
    "ProcedureTool",
    "SynapItem",
    "SynapSaver",
    "SynapSearchItem",
    "SynapStore",
    "atools",
    "tools",
]
