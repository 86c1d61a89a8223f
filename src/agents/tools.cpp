#include "agents/tools.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "agents/data_marks.h"
#include "base/check.h"
#include "schema/export.h"

namespace synap::agents {

const ObjectSchema<ToolDone>& describe(Type<ToolDone>) {
  static const auto schema = object<ToolDone>("AgentToolDone")
                                 .field("id", &ToolDone::id)
                                 .field("name", &ToolDone::name)
                                 .field("ok", &ToolDone::is_ok)
                                 .field("text", &ToolDone::text);
  return schema;
}

std::string tool_name(std::string_view path) {
  std::string name(path);
  std::ranges::replace(name, '.', '_');
  return name;
}

void Tools::check(const rpc::ProcedureTable& table, const std::vector<std::string>& paths) {
  for (const auto& path : paths) {
    const auto* procedure = table.find(path);
    SYNAP_CHECK(procedure != nullptr, path);
    SYNAP_CHECK(procedure->kind != rpc::Kind::kSubscription, path);
    SYNAP_CHECK(procedure->meta.access == rpc::Access::kCaller, path);
    SYNAP_CHECK(procedure->meta.effects != rpc::Effects::kDestroys, path);
    // A crash may come between what it did and that it is known.
    const bool is_repeatable =
        procedure->meta.effects != rpc::Effects::kAppends || procedure->meta.keeps_idempotency_keys;
    SYNAP_CHECK(is_repeatable, path);
  }
}

bool Tools::is_allowed(const rpc::Procedure& procedure) const {
  return actor_->scopes.allow(rpc::scope_of(procedure));
}

std::vector<models::Tool> Tools::offered() const {
  std::vector<models::Tool> tools;
  for (const auto& path : paths_) {
    const auto* procedure = table_.find(path);
    if (procedure == nullptr || !is_allowed(*procedure)) continue;
    models::Tool tool{.name = tool_name(path), .description = procedure->meta.summary};
    if (!procedure->meta.docs.empty()) tool.description += " " + procedure->meta.docs;
    tool.parameters = rpc::takes_input(*procedure)
                          ? to_json_schema(procedure->input)
                          : Json::object({{"type", "object"}, {"properties", Json::object()}});
    tools.push_back(std::move(tool));
  }
  return tools;
}

const rpc::Procedure* Tools::find(std::string_view tool) const {
  for (const auto& path : paths_) {
    if (tool_name(path) == tool || path == tool) return table_.find(path);
  }
  return nullptr;
}

Task<Result<std::string>> Tools::invoke(const rpc::Procedure& procedure, Json input,
                                        std::string key) const {
  auto context = std::make_shared<api::CallContext>(authority_);
  context->actor = actor_;
  const bool is_mutation = procedure.kind == rpc::Kind::kMutation;
  if (is_mutation && procedure.meta.keeps_idempotency_keys) {
    context->idempotency_key = std::move(key);
  }
  if (is_mutation) context->caused_by = cause_;
  // What a model has made up is told to it, rather than passed over.
  context->refuses_unknown_keys = true;
  rpc::Call call{.context = context};
  if (rpc::takes_input(procedure)) call.input.json = std::move(input);
  auto reply = co_await rpc::invoke(procedure, std::move(call));
  if (!reply) co_return fail(reply.error());
  auto* text = std::get_if<rpc::Text>(&*reply);
  if (text == nullptr) co_return fail(Code::kMethodNotSupported, "It answers with a stream");
  co_return text->value_or("null");
}

Task<Result<ToolDone>> Tools::call(models::ToolCall asked, std::string key) const {
  ToolDone done{.id = asked.id, .name = asked.name};
  const auto* procedure = find(asked.name);
  if (procedure == nullptr || !is_allowed(*procedure)) {
    std::vector<std::string> names;
    for (const auto& tool : offered()) names.push_back(tool.name);
    done.text = fmt::format("There is no tool {}. These are: {}.", shortened(asked.name, 100),
                            fmt::join(names, ", "));
    co_return done;
  }
  done.name = procedure->path;
  if (!asked.input) {
    done.text = fmt::format("Nothing was done: the arguments are no JSON object: {}",
                            asked.error.value_or("there are none"));
    co_return done;
  }
  auto text = co_await invoke(*procedure, std::move(*asked.input), std::move(key));
  if (text) {
    done.is_ok = true;
    done.text = shortened(*text, kTextMax);
    co_return done;
  }
  if (text.error().is_retriable()) co_return fail(text.error());
  done.text = shortened(fmt::format("Nothing was done: {}", text.error().message), kTextMax);
  co_return done;
}

Task<Result<Json>> Tools::call(std::string_view path, Json input, std::string key) const {
  const auto* procedure = find(path);
  SYNAP_CHECK(procedure != nullptr, path);
  auto text = co_await invoke(*procedure, std::move(input), std::move(key));
  if (!text) co_return fail(text.error());
  co_return parse_json(*text);
}

}  // namespace synap::agents
