// Streams as providers send them, for tests and as seeds. Included by tests only.
#pragma once

#include <string_view>

namespace synap::models {

// "Grüße 🌍", then a call of a tool; the emoji as a pair of escapes.
inline constexpr std::string_view kChatStream =
    ": keep alive\n\n"
    R"(data: {"id":"c1","model":"m-1","choices":[{"index":0,"delta":{"role":"assistant","content":""}}],"strange":[1,{"x":2}]})"
    "\n\n"
    R"(data: {"choices":[{"index":0,"delta":{"content":"Grüße "},"finish_reason":null}]})"
    "\n\n"
    R"(data: {"choices":[{"index":0,"delta":{"content":"\ud83c\udf0d"}}]})"
    "\r\n\r\n"
    R"(data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"t1","type":"function","function":{"name":"add","arguments":""}}]}}]})"
    "\n\n"
    R"(data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"a\":"}}]}}]})"
    "\n\n"
    R"(data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"1}"}}]}}]})"
    "\n\n"
    R"(data: {"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]})"
    "\n\n"
    R"(data: {"choices":[],"usage":{"prompt_tokens":11,"completion_tokens":7,"prompt_tokens_details":{"cached_tokens":4}}})"
    "\n\n"
    "data: [DONE]\n\n";

inline constexpr std::string_view kResponsesStream =
    "event: response.created\n"
    R"(data: {"type":"response.created","response":{"id":"r1","model":"m-1","usage":null}})"
    "\n\n"
    "event: response.output_item.added\n"
    R"(data: {"type":"response.output_item.added","output_index":0,"item":{"type":"message","role":"assistant"}})"
    "\n\n"
    R"(data: {"type":"response.output_text.delta","output_index":0,"delta":"Grüße "})"
    "\n\n"
    R"(data: {"type":"response.output_text.delta","output_index":0,"delta":"\ud83c\udf0d"})"
    "\n\n"
    R"(data: {"type":"response.output_item.added","output_index":1,"item":{"type":"function_call","id":"f1","call_id":"t1","name":"add","arguments":""}})"
    "\n\n"
    R"(data: {"type":"response.function_call_arguments.delta","output_index":1,"delta":"{\"a\":"})"
    "\n\n"
    R"(data: {"type":"response.function_call_arguments.delta","output_index":1,"delta":"1}"})"
    "\n\n"
    R"(data: {"type":"response.something.new","output_index":1})"
    "\n\n"
    R"(data: {"type":"response.completed","response":{"model":"m-1","usage":{"input_tokens":11,"output_tokens":7,"input_tokens_details":{"cached_tokens":4}}}})"
    "\n\n";

inline constexpr std::string_view kMessagesStream =
    "event: message_start\n"
    R"(data: {"type":"message_start","message":{"id":"x","model":"m-1","usage":{"input_tokens":5,"cache_read_input_tokens":4,"cache_creation_input_tokens":2,"output_tokens":1}}})"
    "\n\n"
    "event: ping\ndata: {\"type\": \"ping\"}\n\n"
    R"(data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})"
    "\n\n"
    R"(data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Grüße "}})"
    "\n\n"
    R"(data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\ud83c\udf0d"}})"
    "\n\n"
    R"(data: {"type":"content_block_stop","index":0})"
    "\n\n"
    R"(data: {"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"t1","name":"add","input":{}}})"
    "\n\n"
    R"(data: {"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"a\":"}})"
    "\n\n"
    R"(data: {"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"1}"}})"
    "\n\n"
    R"(data: {"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":7}})"
    "\n\n"
    R"(data: {"type":"message_stop"})"
    "\n\n";

}  // namespace synap::models
