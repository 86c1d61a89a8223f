"""LangGraph on a Synap pod."""

from synap_langgraph.pod import Pod, PodError
from synap_langgraph.saver import SynapSaver

__all__ = ["Pod", "PodError", "SynapSaver"]
