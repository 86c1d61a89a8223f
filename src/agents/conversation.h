// What agents that talk to a model share: the messages, and that they fit.
#pragma once

#include <string>
#include <vector>

#include "agents/tools.h"
#include "models/conversation.h"

namespace synap::agents {

models::Message message(std::string role, std::string text);
/// What a model has answered, with the calls that are to be made: so many of them at most.
models::Message message_of(const models::Answer& answer, std::int64_t calls_max);
/// What its calls came to, marked as data. `left_out`: calls that were asked for besides.
std::vector<models::Message> messages_of(const std::vector<ToolDone>& done, std::size_t left_out);

/// Leaves out the oldest messages, but those of the system, then shortens what is long, and then
/// leaves out the oldest calls of tools, until what is asked has about so many tokens at most. A
/// first message of the system stays whole: what may be cut, such as passages, is in one behind it.
/// A tool's answer goes with its call. Tools that would take nearly all of it are left out
/// themselves. The model is told so.
void fit(models::Ask& ask, std::int64_t tokens_max);

}  // namespace synap::agents
