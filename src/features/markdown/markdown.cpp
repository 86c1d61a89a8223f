#include "features/markdown/markdown.h"

#include "features/procedures.h"
#include "markdown/html.h"

namespace synap::features::markdown_views {
namespace {

struct RenderMarkdown {
  std::string text;
};
const ObjectSchema<RenderMarkdown>& describe(Type<RenderMarkdown>) {
  static const auto schema =
      object<RenderMarkdown>("RenderMarkdown")
          .field("text", &RenderMarkdown::text, string().max(markdown::kTextBytesMax));
  return schema;
}

struct RenderedMarkdown {
  std::string html;
};
const ObjectSchema<RenderedMarkdown>& describe(Type<RenderedMarkdown>) {
  static const auto schema =
      object<RenderedMarkdown>("RenderedMarkdown")
          .field("html", &RenderedMarkdown::html, string(),
                 "Without scripts, styles and ids; links go to http, https and mailto only.");
  return schema;
}

Task<Result<RenderedMarkdown>> render(const Rooms&, api::Session, RenderMarkdown input) {
  auto html = markdown::to_html(input.text);
  if (!html) co_return fail(html.error());
  co_return RenderedMarkdown{*std::move(html)};
}

}  // namespace

void add(const Rooms& rooms) {
  add_query(
      rooms, "markdown.render",
      {.summary = "Markdown as HTML that is safe in a page.",
       .docs = "CommonMark with GitHub's tables, strikethrough, task lists and bare links. HTML "
               "in the text is shown as text.",
       .errors = {{Code::kPayloadTooLarge,
                   "It is longer than 64 KiB, a line opens more than 100 lists and quotes, or it "
                   "comes to more than 16 times as much HTML."}},
       .examples = {{R"({"text":"# Hello"})", R"({"html":"<h1>Hello</h1>\n"})"}}},
      render);
}

}  // namespace synap::features::markdown_views
