#include "rest/parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "net/url.h"

namespace synap::rest {
namespace {

bool is_scalar(SchemaKind kind) {
  return kind == SchemaKind::kString || kind == SchemaKind::kEnum || kind == SchemaKind::kInteger ||
         kind == SchemaKind::kNumber || kind == SchemaKind::kBoolean;
}

// The object within an input that may be left out; nullptr if it is none.
const SchemaNode* object_of(const Schema& input) {
  const SchemaNode* node = &input.node();
  if (node->kind == SchemaKind::kOptional) node = node->inner.get();
  return node->kind == SchemaKind::kObject ? node : nullptr;
}

// The head of a request, which has all of a URL, is bounded: a longer text is sent in a body.
constexpr double kCharactersMax = 8'192;

std::optional<Parameter> parameter_of(const SchemaField& field) {
  SchemaNodePtr node = field.schema;
  // To leave it out says the same as null, but where it must be there.
  if (node->kind == SchemaKind::kNullable && field.presence != SchemaField::Presence::kRequired) {
    node = node->inner;
  }
  Parameter parameter{&field, std::move(node)};
  if (!is_scalar(parameter.item_kind())) return std::nullopt;
  const auto& item = parameter.is_list() ? parameter.schema->inner : parameter.schema;
  const auto* longest = item->check(SchemaCheck::Kind::kMax);
  if (parameter.item_kind() == SchemaKind::kString && longest != nullptr &&
      longest->bound > kCharactersMax) {
    return std::nullopt;
  }
  return parameter;
}

Error refused(std::string message, Json issue) {
  issue.set("message", message);
  return {Code::kBadRequest, std::move(message),
          std::make_shared<Json>(Json::object({{"issues", Json::Array{std::move(issue)}}}))};
}

Error unknown_parameter(std::string_view text, const std::vector<Parameter>& parameters) {
  constexpr std::size_t kShownMax = 100;
  const std::string name(text.substr(0, valid_utf8_prefix(text.substr(0, kShownMax))));
  std::string names;
  for (const auto& each : parameters) {
    names.append(names.empty() ? "" : ", ").append(each.field->name);
  }
  return refused(
      names.empty() ? fmt::format("There is no parameter \"{}\": none is taken", name)
                    : fmt::format("There is no parameter \"{}\", but {}", name, names),
      Json::object(
          {{"code", "unrecognized_keys"}, {"keys", Json::Array{name}}, {"path", Json::Array{}}}));
}

Error given_twice(const std::string& name) {
  return refused("Given twice, but it is no list",
                 Json::object({{"code", "custom"}, {"path", Json::Array{name}}}));
}

// One name or value of application/x-www-form-urlencoded. What is broken is refused, not guessed.
Result<std::string> decode(std::string_view text) {
  std::string spaced(text);
  std::ranges::replace(spaced, '+', ' ');
  return net::percent_decode(spaced);
}

Json value_of(std::string text, SchemaKind kind) {
  if (kind == SchemaKind::kBoolean) {
    if (text == "true") return true;
    if (text == "false") return false;
  } else if (kind == SchemaKind::kInteger || kind == SchemaKind::kNumber) {
    // JSON lets blanks stand around a number.
    const bool is_bare = !text.empty() && text.find_first_of(" \t\r\n") == std::string::npos;
    auto number = is_bare ? parse_json(text) : Result<Json>(Json());
    if (number && number->is_number()) return *std::move(number);
  }
  return Json(std::move(text));
}

Result<> read_one(const std::vector<Parameter>& parameters, std::string_view text, Json& object) {
  const auto equals = std::min(text.find('='), text.size());
  auto name = decode(text.substr(0, equals));
  if (!name) return fail(name.error());
  auto value = decode(text.substr(std::min(equals + 1, text.size())));
  if (!value) return fail(value.error());

  const auto parameter = std::ranges::find_if(
      parameters, [&](const Parameter& each) { return each.field->name == *name; });
  if (parameter == parameters.end()) return fail(unknown_parameter(*name, parameters));
  Json item = value_of(*std::move(value), parameter->item_kind());
  const bool is_new = object.find(*name) == nullptr;
  if (!parameter->is_list()) {
    if (!is_new) return fail(given_twice(*name));
    object.set(*name, std::move(item));
    return {};
  }
  if (is_new) object.set(*name, Json::array());
  for (auto& [key, list] : object.as_object()) {
    if (key == *name) list.push_back(std::move(item));
  }
  return {};
}

}  // namespace

bool is_flat(const Schema& input) {
  if (input.is_undefined()) return true;
  const SchemaNode* object = object_of(input);
  return object != nullptr && std::ranges::all_of(object->fields, [](const SchemaField& field) {
           return parameter_of(field).has_value();
         });
}

std::vector<Parameter> parameters_of(const Schema& input) {
  std::vector<Parameter> parameters;
  const SchemaNode* object = object_of(input);
  if (object == nullptr) return parameters;
  for (const auto& field : object->fields) {
    auto parameter = parameter_of(field);
    SYNAP_CHECK(parameter.has_value(), field.name);
    parameters.push_back(*parameter);
  }
  return parameters;
}

Result<Json> read_parameters(const Schema& input, std::string_view query) {
  const auto parameters = parameters_of(input);
  Json object = Json::object();
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const auto text = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (text.empty()) continue;
    if (auto done = read_one(parameters, text, object); !done) return fail(done.error());
  }
  return object;
}

}  // namespace synap::rest
