"""Reads requests to a collector from stdin, one a line, with OpenTelemetry's own messages, and prints
their spans as JSON. Refuses what the messages let pass: ids of another length, unknown members, and
times that run backwards."""
import json
import sys

from opentelemetry.proto_json.collector.trace.v1.trace_service import ExportTraceServiceRequest


def value_of(value):
    return value.string_value if value.string_value is not None else value.int_value


def attributes_of(attributes):
    return {one.key: value_of(one.value) for one in attributes}


spans = []
for line in sys.stdin:
    said = json.loads(line)
    request = ExportTraceServiceRequest.from_dict(said)
    # What was read, written again, is what was said: nothing of it is unknown to the protocol.
    assert request.to_dict() == said, (request.to_dict(), said)
    for of_resource in request.resource_spans:
        resource = attributes_of(of_resource.resource.attributes)
        for of_scope in of_resource.scope_spans:
            for span in of_scope.spans:
                assert len(span.trace_id) == 16 and len(span.span_id) == 8, span
                assert len(span.parent_span_id or b"") in (0, 8), span
                assert 0 < span.start_time_unix_nano <= span.end_time_unix_nano, span
                spans.append({
                    "service": resource["service.name"],
                    "trace": span.trace_id.hex(),
                    "id": span.span_id.hex(),
                    "parent": (span.parent_span_id or b"").hex(),
                    "name": span.name,
                    "kind": span.kind.name if hasattr(span.kind, "name") else span.kind,
                    "start": span.start_time_unix_nano,
                    "end": span.end_time_unix_nano,
                    "attributes": attributes_of(span.attributes),
                    "error": span.status.message if span.status and span.status.code else None,
                })
print(json.dumps(spans))
