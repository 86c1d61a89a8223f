// What other programs are told about a schema: TypeScript types, zod 4 source and JSON Schema.
//
// An object with a name is written once under that name and referred to everywhere else, so names
// are unique: two different objects of one name in one export are a CHECK failure.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "schema/schema.h"

namespace synap {

/// A field with a default may be missing in what is sent to us and never is in what we answer.
enum class Side { kInput, kOutput };

/// Every named object within `roots`, each once, those that others are made of first.
std::vector<Schema> collect_named(const std::vector<Schema>& roots);

/// A type expression: "CreateNote", "string[]", "{ a?: string }", "void".
///
/// The two sides of an object with defaults in it differ; then its input side is called
/// <Name>Input, unless the name ends so already. `indent` is that of the line it will stand on.
std::string to_typescript(const Schema& schema, Side side, const std::string& indent = "");
/// `export interface Name {...}` with its docs, for one named object.
std::string define_typescript(const Schema& named, Side side);
/// All that the roots need: what the two sides have in common is written once.
std::string typescript_definitions(const std::vector<Schema>& inputs,
                                   const std::vector<Schema>& outputs);

/// A zod expression: "CreateNote", "z.array(z.string().min(1))".
std::string to_zod(const Schema& schema, const std::string& indent = "");
/// `export const Name = z.object({...});` for one named object.
std::string define_zod(const Schema& named);
/// All that the roots need.
std::string zod_definitions(const std::vector<Schema>& roots);

/// JSON Schema 2020-12, complete in itself: the root is written out (MCP wants "type" there), named
/// objects within it are under $defs.
Json to_json_schema(const Schema& schema, Side side = Side::kInput);
/// A part of a larger document: named objects are {"$ref": ref_prefix + name}.
Json json_schema_part(const Schema& schema, Side side, std::string_view ref_prefix);
/// What stands under that name.
Json json_schema_definition(const Schema& named, Side side, std::string_view ref_prefix);

}  // namespace synap
