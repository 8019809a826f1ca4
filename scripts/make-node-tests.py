"""Writes the ONNX project's node tests into a folder, for `npm run node-tests -- --dir FOLDER`.

    pip install onnx==1.23.2
    python3 scripts/make-node-tests.py FOLDER
"""

import sys

import onnx.backend.test.case.node as nodes
import onnx.backend.test.cmd_tools as tools


class NodeTests:
    """Stands in for the module of model tests, which is all that this version's command would write."""

    @staticmethod
    def collect_testcases():
        return nodes.collect_testcases(None)


tools.model_test = NodeTests
sys.argv = ["backend-test-tools", "generate-data", "-o", sys.argv[1]]
tools.main()
