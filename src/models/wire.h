// What a request to a language model is over each wire. The other way round is decoder.h.
#pragma once

#include "models/conversation.h"
#include "models/provider.h"
#include "outbound/http.h"

namespace synap::models {

/// The request that asks `provider` for a streamed answer. kUnprocessableContent: the wire has no
/// words for what is asked.
Result<outbound::Request> request_of(const Provider& provider, const Ask& ask);

// Of each wire, the body alone.
Result<Json> chat_body(const Provider& provider, const Ask& ask);
Result<Json> responses_body(const Provider& provider, const Ask& ask);
Result<Json> messages_body(const Provider& provider, const Ask& ask);

/// Whether OpenAI takes a schema in its strict mode: each object closed, and all that it has
/// required.
bool is_strict(const Json& schema);
/// "data:image/png;base64,...", or the url that it has.
std::string url_of(const ImagePart& image);
/// All parts of a message, with its `text` first.
std::vector<Part> parts_of(const Message& message);
std::int64_t tokens_max_of(const Provider& provider, const Ask& ask);

}  // namespace synap::models
