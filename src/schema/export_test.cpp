#include "schema/export.h"

#include <gtest/gtest.h>

#include <string>

namespace synap {
namespace {

Schema author() {
  static const auto schema = object("Author").doc("Who wrote it.").field("name", string().min(1));
  return schema;
}

Schema list_notes() {
  static const auto schema = object("ListNotes")
                                 .field("author", author())
                                 .field_or("limit", integer().max(9), 5, "How many.")
                                 .field("sort", optional(one_of({"up", "down"})))
                                 .field("with-dash", nullable(array(nullable(string().uuid()))));
  return schema;
}

std::vector<std::string> names(const std::vector<Schema>& schemas) {
  std::vector<std::string> out;
  out.reserve(schemas.size());
  for (const auto& schema : schemas) out.push_back(schema.name());
  return out;
}

TEST(SchemaExport, CollectsNamedObjectsOnceAndPartsFirst) {
  EXPECT_EQ(names(collect_named({array(list_notes()), author(), list_notes()})),
            (std::vector<std::string>{"Author", "ListNotes"}));
}

TEST(SchemaExportDeathTest, ANameMeansOneObject) {
  const auto other = object("Author").field("email", string());
  EXPECT_DEATH(collect_named({author(), other}), "two objects are called Author");
}

TEST(SchemaExport, WritesTypescriptForBothSides) {
  EXPECT_EQ(typescript_definitions({list_notes()}, {list_notes()}),
            R"(/** Who wrote it. */
export interface Author {
  /** At least 1 character. */
  name: string;
}

export interface ListNotesInput {
  author: Author;
  /** How many. At most 9; default 5. */
  limit?: number | undefined;
  sort?: "up" | "down" | undefined;
  /** Each a UUID. */
  "with-dash": (string | null)[] | null;
}

export interface ListNotes {
  author: Author;
  /** How many. */
  limit: number;
  sort?: "up" | "down";
  "with-dash": (string | null)[] | null;
}
)");
  EXPECT_EQ(to_typescript(array(list_notes()), Side::kInput), "ListNotesInput[]");
  EXPECT_EQ(to_typescript(record(any()), Side::kOutput), "Record<string, unknown>");
  EXPECT_EQ(to_typescript(Schema(), Side::kOutput), "void");
}

TEST(SchemaExport, NothingInDocsEndsAComment) {
  const auto schema = object("A").doc("a */ b\nc");
  EXPECT_EQ(define_typescript(schema, Side::kInput),
            "/**\n * a *\\/ b\n * c\n */\nexport interface A {}\n");
}

TEST(SchemaExport, WritesZod) {
  EXPECT_EQ(zod_definitions({list_notes()}), R"(export const Author = z.object({
  name: z.string().min(1),
}).describe("Who wrote it.");

export const ListNotes = z.object({
  author: Author,
  limit: z.int().max(9).default(5).describe("How many."),
  sort: z.enum(["up", "down"]).optional(),
  "with-dash": z.array(z.uuid(anId).nullable()).nullable(),
});
)");
  EXPECT_EQ(to_zod(array(author())), "z.array(Author)");
}

TEST(SchemaExport, WritesJsonSchemaWithTheRootInPlace) {
  EXPECT_EQ(to_json_schema(list_notes()).dump_pretty(), R"({
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "ListNotes",
  "type": "object",
  "properties": {
    "author": {
      "$ref": "#/$defs/Author"
    },
    "limit": {
      "type": "integer",
      "maximum": 9,
      "description": "How many.",
      "default": 5
    },
    "sort": {
      "type": "string",
      "enum": [
        "up",
        "down"
      ]
    },
    "with-dash": {
      "anyOf": [
        {
          "type": "array",
          "items": {
            "anyOf": [
              {
                "type": "string",
                "format": "uuid"
              },
              {
                "type": "null"
              }
            ]
          }
        },
        {
          "type": "null"
        }
      ]
    }
  },
  "required": [
    "author",
    "with-dash"
  ],
  "$defs": {
    "Author": {
      "type": "object",
      "properties": {
        "name": {
          "type": "string",
          "minLength": 1
        }
      },
      "required": [
        "name"
      ],
      "description": "Who wrote it."
    }
  }
})");
  EXPECT_EQ(to_json_schema(list_notes(), Side::kOutput).find("required")->dump(),
            R"(["author","limit","with-dash"])");
  EXPECT_EQ(json_schema_part(array(author()), Side::kInput, "#/components/schemas/").dump(),
            R"({"type":"array","items":{"$ref":"#/components/schemas/Author"}})");
}

TEST(SchemaExport, ADocumentTellsOfBothSidesOfAnObject) {
  const auto inner = object("Page").field_or("limit", integer(), 5);
  const auto outer = object("Ask").field("page", inner).field("by", author());
  const auto all = json_schema_definitions({outer}, {outer}, "#/s/");
  std::string called;
  for (const auto& [name, schema] : all.as_object()) called += name + " ";
  EXPECT_EQ(called, "PageInput Author AskInput Page Ask ");
  EXPECT_EQ(all.find("AskInput")->find("properties")->find("page")->dump(),
            R"({"$ref":"#/s/PageInput"})");
  EXPECT_EQ(all.find("PageInput")->find("required"), nullptr);
  EXPECT_EQ(all.find("Page")->find("required")->dump(), R"(["limit"])");
  EXPECT_EQ(json_schema_part(outer, Side::kOutput, "#/s/").dump(), R"({"$ref":"#/s/Ask"})");
}

TEST(SchemaExport, ADocumentSaysWhereWholeNumbersEnd) {
  EXPECT_EQ(json_schema_part(integer().min(1), Side::kInput, "").dump(),
            R"({"type":"integer","minimum":1,"maximum":9007199254740991})");
}

TEST(SchemaExport, ADocumentSaysWhatAFormatMeansHere) {
  const auto part = json_schema_part(string().uuid(), Side::kInput, "");
  EXPECT_EQ(part.string_or("format", ""), "uuid");
  EXPECT_TRUE(part.string_or("pattern", "").starts_with("^([0-9a-fA-F]{8}-")) << part.dump();
}

TEST(SchemaExportDeathTest, ANameMeansOneSchemaInADocument) {
  const auto page = object("Page").field_or("limit", integer(), 5);
  const auto input = object("PageInput").field("other", string());
  EXPECT_DEATH(json_schema_definitions({page, input}, {}, ""), "two schemas are called PageInput");
}

}  // namespace
}  // namespace synap
