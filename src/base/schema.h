// Schema: the description of a JSON value, written once and used for everything: reading and
// validating a C++ struct, writing it, JSON Schema (OpenAPI, MCP), TypeScript types and zod 4
// schemas for clients.
//
//   struct CreateNote { std::string content; std::optional<std::string> title; };
//   inline const ObjectSchema<CreateNote>& describe(Type<CreateNote>) {
//     static const auto schema = object<CreateNote>("CreateNote")
//         .field("content", &CreateNote::content, string().min(1).max(400'000), "Markdown.")
//         .field("title", &CreateNote::title, string().max(200), "Default: the first line.");
//     return schema;
//   }
//   Result<CreateNote> in = decode<CreateNote>(json);   // every issue, each with its path
//   encode(out, note);                                   // appends JSON text
//
// Validation behaves as zod 4 does: unknown keys are stripped, all issues are listed, their shape,
// order, paths and messages are zod's.
#pragma once
