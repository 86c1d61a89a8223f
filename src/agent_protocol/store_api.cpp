#include "agent_protocol/store_api.h"

#include <algorithm>
#include <utility>

#include "agent_protocol/turned.h"
#include "rest/parameters.h"
#include "rest/problem.h"
#include "schema/schema.h"

namespace synap::agent_protocol {
namespace {

// A member as it is called here and there.
struct Renamed {
  std::string_view here;
  std::string_view there;
};

constexpr Renamed kInputs[] = {{"namespace_prefix", "namespacePrefix"}, {"max_depth", "maxDepth"}};
constexpr Renamed kOutputs[] = {
    {"created_at", "createdAt"}, {"updated_at", "updatedAt"}, {"is_cut", "isCut"}};

struct Route {
  std::string_view method;
  std::string_view path;
  std::string_view procedure;
  /// What is answered of the procedure's answer; null: nothing (204).
  Json (*answer)(Json) = nullptr;
};

// What the protocol has no word for goes, but that there is more than was answered.
Json item_of(const Json& stored) {
  Json item = Json::object();
  for (const auto name : {"namespace", "key", "value", "score"}) {
    if (const Json* value = stored.find(name)) item.set(name, *value);
  }
  for (const auto& [here, there] : kOutputs) {
    if (const Json* value = stored.find(there)) item.set(here, *value);
  }
  return item;
}

Json one_item(Json answer) {
  const Json* item = answer.find("item");
  return item != nullptr ? item_of(*item) : Json(nullptr);
}

Json list_of(const Json& answer, std::string_view name, Json (*shown)(const Json&)) {
  Json list = Json::array();
  if (const Json* all = answer.find(name)) {
    for (const auto& one : all->as_array()) list.push_back(shown(one));
  }
  Json told = Json::object();
  told.set(name, std::move(list));
  const Json* is_cut = answer.find("isCut");
  if (is_cut != nullptr && *is_cut == Json(true)) told.set("is_cut", true);
  return told;
}

Json found_items(Json answer) {
  return list_of(answer, "items", item_of);
}

Json namespaces(Json answer) {
  return list_of(answer, "namespaces", [](const Json& one) { return one; });
}

constexpr Route kRoutes[] = {
    {"PUT", "/store/items", "store.put"},
    {"GET", "/store/items", "store.get", one_item},
    {"DELETE", "/store/items", "store.delete"},
    {"POST", "/store/items/search", "store.search", found_items},
    {"POST", "/store/namespaces", "store.namespaces", namespaces},
};

// Nothing, and why: there is no such path, or it is called by others.
const Route* find(const net::Request& head, net::Response& refusal) {
  std::string allowed;
  for (const auto& route : kRoutes) {
    if (route.path != head.path) continue;
    if (route.method == head.method) return &route;
    allowed.append(allowed.empty() ? "" : ", ").append(route.method);
  }
  if (allowed.empty()) {
    refusal = rest::problem_response(
        {Code::kNotFound,
         "Of the Agent Protocol there are /store/items, /store/items/search and "
         "/store/namespaces"});
    return nullptr;
  }
  refusal = wrong_method(head, allowed);
  return nullptr;
}

struct ItemQuery {
  std::vector<std::string> labels;
  std::string key;
  std::optional<std::string> refresh_ttl;  // nothing ends by itself here, so it changes nothing
};
const ObjectSchema<ItemQuery>& describe(Type<ItemQuery>) {
  static const auto schema = object<ItemQuery>("StoreItemQuery")
                                 .field("namespace", &ItemQuery::labels, array(string()))
                                 .field("key", &ItemQuery::key)
                                 .field("refresh_ttl", &ItemQuery::refresh_ttl, string());
  return schema;
}

// The SDK joins the labels by periods, of which they have none; the protocol repeats the parameter.
Json split(const std::vector<std::string>& given) {
  Json labels = Json::array();
  for (const auto& text : given) {
    for (std::size_t at = 0; at <= text.size();) {
      const auto end = std::min(text.find('.', at), text.size());
      labels.push_back(text.substr(at, end - at));
      at = end + 1;
    }
  }
  return labels;
}

Result<Json> input_of_query(const net::Request& request) {
  const auto& schema = schema_of<ItemQuery>();
  auto given = rest::read_parameters(schema, request.query);
  if (!given) return fail(given.error());
  auto query = decode<ItemQuery>(std::move(*given));
  if (!query) return fail(query.error());
  return Json::object({{"namespace", split(query->labels)}, {"key", query->key}});
}

// So many characters of a query count (store.search); the SDKs send all of it.
constexpr std::size_t kQueryCharactersMax = 1'000;

void cut_query(std::string& query) {
  std::size_t characters = 0;
  for (std::size_t at = 0; at < query.size(); ++at) {
    const bool begins_one = (static_cast<unsigned char>(query[at]) & 0xc0) != 0x80;
    if (begins_one && ++characters > kQueryCharactersMax) return query.resize(at);
  }
}

Result<Json> input_of_body(const net::Request& request) {
  auto given = object_in(request);
  if (!given) return fail(given.error());
  Json input = Json::object();
  for (auto& [name, value] : given->as_object()) {
    if (value.is_null() || name == "refresh_ttl") continue;
    if (name == "ttl") {
      return fail(Code::kBadRequest, "ttl: nothing ends by itself here; leave it out");
    }
    // Of no part of it search takes the words.
    if (name == "index" && value == Json(false)) value = Json::array();
    if (name == "query" && value.is_string()) cut_query(value.as_string());
    const auto known = std::ranges::find(kInputs, name, &Renamed::here);
    input.set(known != std::end(kInputs) ? known->there : std::string_view(name), std::move(value));
  }
  return input;
}

net::Response turned_back(net::Response response, const Route& route) {
  if (response.status != 200) return response;
  if (route.answer == nullptr) return nothing();
  auto answer = parse_json(response.body.view());
  if (!answer) return rest::problem_response({Code::kInternalServerError, answer.error().message});
  response.body = route.answer(std::move(*answer)).dump();
  return response;
}

}  // namespace

StoreApi::StoreApi(std::shared_ptr<net::Handler> rest) : rest_(std::move(rest)) {}

Task<net::Admission> StoreApi::admit(const net::Request& head) {
  net::Admission admission;
  net::Response refusal;
  const auto* route = find(head, refusal);
  if (route == nullptr) {
    admission.answer = std::move(refusal);
    co_return admission;
  }
  const auto call = turned(head, route->procedure);
  co_return co_await rest_->admit(call);
}

Task<net::Response> StoreApi::serve(const net::Request& request) {
  net::Response refusal;
  const auto* route = find(request, refusal);
  if (route == nullptr) co_return refusal;
  auto input = route->method == "GET" ? input_of_query(request) : input_of_body(request);
  if (!input) co_return rest::problem_response(input.error());
  auto call = turned(request, route->procedure);
  call.body = input->dump();
  co_return turned_back(co_await rest_->serve(call), *route);
}

std::optional<net::Response> StoreApi::refuse_upgrade(const net::Request& request) {
  return rest_->refuse_upgrade(request);
}

Task<void> StoreApi::serve_websocket(const net::Request&, net::WebSocket&) {
  co_return;
}

net::Response StoreApi::refusal(const Error& error) {
  return rest::problem_response(error);
}

}  // namespace synap::agent_protocol
