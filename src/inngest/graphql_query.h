// GraphqlQuery: one query of GraphQL, as text, read into what is asked for: fields with their
// arguments, variables and fragments put in. What answers it makes JSON objects, of which the query
// then takes its fields.
//
//   query      query Name($id: String! = "x") { run(runID: $id) { id trace { ...Span } } }
//   fragments  fragment Span on RunTraceSpan { name ... on X { y } }
//   values     $v 1 1.5 "text" """text""" true null NAME [..] {key: ..}
//
// Source: the GraphQL specification of October 2021, section 2; of directives only @include and
// @skip. Nothing of a schema is known here: a field that an object does not have is an error.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/status.h"

namespace synap::inngest {

struct GraphqlField {
  std::string name;
  std::string key;        // in the answer: its alias, or its name
  std::string condition;  // the type that it is asked of ("... on X"); empty: any
  Json arguments = Json::object();
  std::vector<GraphqlField> fields;

  const GraphqlField* find(std::string_view child) const;
};

struct GraphqlLimits {
  std::size_t text_bytes_max = 64 * 1024;
  int depth_max = 32;
  int fields_max = 500;  // with fragments put in
};

/// The fields of the operation `name`, or of the only one. kBadRequest says where it stops being a
/// query, or which limit it passes; kNotImplemented: it is a mutation or a subscription.
Result<std::vector<GraphqlField>> read_graphql(std::string_view text, std::string_view name,
                                               const Json& variables, GraphqlLimits limits = {});

/// Those that are asked of this type, each key once. kBadRequest: one stands for two things.
Result<std::vector<GraphqlField>> fields_of_type(const std::vector<GraphqlField>& fields,
                                                 std::string_view type);
/// The most that one answer has.
inline constexpr int kGraphqlValuesMax = 200'000;
/// What `fields` ask of `object`, whose type it says as "__typename". kBadRequest: a field that it
/// does not have, or fields of a plain value, or none of an object.
Result<Json> take_fields(const Json& object, const std::vector<GraphqlField>& fields);

}  // namespace synap::inngest
