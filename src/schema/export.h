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

/// What a named object is called where both sides are told of: <Name>Input on the input side if the
/// two differ, unless the name ends so already.
std::string name_on_side(const SchemaNode& named, Side side);

/// A type expression: "CreateNote", "string[]", "{ a?: string }", "void".
/// Named objects are called as name_on_side() says. `indent` is that of the line it will stand on.
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
/// What to_zod() and define_zod() call by name: the sentences about ids and times. Stands before
/// them, in a module of TypeScript or JavaScript.
std::string zod_sentences();
/// All that the roots need.
std::string zod_definitions(const std::vector<Schema>& roots);

/// JSON Schema 2020-12, complete in itself: the root is written out (MCP wants "type" there), named
/// objects within it are under $defs.
Json to_json_schema(const Schema& schema, Side side = Side::kInput);
/// A part of a larger document, which tells of both sides: named objects are {"$ref": ref_prefix +
/// name_on_side()}. It says what others would not know: the pattern that a format means here, since
/// "uuid" and "date-time" are more elsewhere than is taken, and where whole numbers end.
Json json_schema_part(const Schema& schema, Side side, std::string_view ref_prefix);
/// What stands under those names, an object: all that the parts need. CHECKs that a name means one
/// thing.
Json json_schema_definitions(const std::vector<Schema>& inputs, const std::vector<Schema>& outputs,
                             std::string_view ref_prefix);

}  // namespace synap
