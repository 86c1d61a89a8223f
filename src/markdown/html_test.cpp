#include "markdown/html.h"

#include <gtest/gtest.h>

namespace synap::markdown {
namespace {

std::string html(std::string_view text) {
  auto made = to_html(text);
  return made ? *made : "(" + made.error().message + ")";
}

TEST(MarkdownHtml, ShowsWhatCommonMarkAndGitHubHave) {
  EXPECT_EQ(html("# A *b* `c`"), "<h1>A <em>b</em> <code>c</code></h1>\n");
  EXPECT_EQ(html("a **b** ~~c~~\nd  \ne"), "<p>a <strong>b</strong> <del>c</del>\nd<br>\ne</p>\n");
  EXPECT_EQ(html("> q\n\n---\n"), "<blockquote><p>q</p>\n</blockquote>\n<hr>\n");
  EXPECT_EQ(html("- a\n- [x] b\n- [ ] c\n"),
            "<ul><li>a</li>\n<li><input type=\"checkbox\" disabled checked> b</li>\n"
            "<li><input type=\"checkbox\" disabled> c</li>\n</ul>\n");
  EXPECT_EQ(html("3. a\n"), "<ol start=\"3\">\n<li>a</li>\n</ol>\n");
  EXPECT_EQ(html("```c++\n<a>\n```\n"),
            "<pre><code class=\"language-c++\">&lt;a&gt;\n</code></pre>\n");
  EXPECT_EQ(
      html("|a|b|\n|---|:-:|\n|1|2|\n"),
      "<table><thead><tr><th>a</th>\n<th class=\"center\">b</th>\n</tr>\n</thead>\n<tbody><tr>"
      "<td>1</td>\n<td class=\"center\">2</td>\n</tr>\n</tbody>\n</table>\n");
  EXPECT_EQ(html("&copy; &amp; &lt;"), "<p>&copy; &amp; &lt;</p>\n");
  EXPECT_EQ(html(""), "");
}

TEST(MarkdownHtml, ALinkGoesToTheWebOrIsNone) {
  EXPECT_EQ(html("[a](https://x.test/?a=1&b=\"2\" 't\"')"),
            "<p><a rel=\"noopener noreferrer nofollow\" target=\"_blank\" "
            "href=\"https://x.test/?a=1&amp;b=&quot;2&quot;\" title=\"t&quot;\">a</a></p>\n");
  EXPECT_NE(html("<https://x.test>").find("href=\"https://x.test\""), std::string::npos);
  EXPECT_NE(html("see [a](HTTPS://x.test)").find("href=\"HTTPS://x.test\""), std::string::npos);
  EXPECT_NE(html("[m](mailto:a@b.test)").find("href=\"mailto:"), std::string::npos);
  for (const char* url :
       {"javascript:alert(1)", "JaVaScRiPt:alert(1)", "&#106;avascript:alert(1)",
        "jav&#x0A;ascript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc", "//evil.test",
        "/session", "other.md", "#", "http:alert", " javascript:x"}) {
    EXPECT_EQ(html(std::string("[a](<") + url + ">)").find("href"), std::string::npos) << url;
    EXPECT_EQ(html(std::string("[r]: <") + url + ">\n\n[r]").find("href"), std::string::npos)
        << url;
  }
  EXPECT_EQ(html("[a](other.md)"), "<p><span class=\"no-link\" title=\"other.md\">a</span></p>\n");
}

TEST(MarkdownHtml, APictureComesFromTheTextItself) {
  EXPECT_EQ(html("![a *b*](data:image/png;base64,AAAA)"),
            "<p><img src=\"data:image/png;base64,AAAA\" alt=\"a b\"></p>\n");
  EXPECT_NE(html("![a](https://x.test/p.png)").find("<a rel="), std::string::npos);
  for (const char* url : {"data:image/svg+xml;base64,AAAA", "javascript:x", "/metrics", "p.png"}) {
    const auto made = html(std::string("![a](") + url + ")");
    EXPECT_EQ(made.find("<img"), std::string::npos) << made;
    EXPECT_EQ(made.find("href"), std::string::npos) << made;
  }
  EXPECT_EQ(html("![a ![b](data:image/png;base64,BB) c](data:image/png;base64,AA)"),
            "<p><img src=\"data:image/png;base64,AA\" alt=\"a b c\"></p>\n");
  EXPECT_EQ(html("[![a](data:image/png;base64,AA)](https://x.test)").find("<img"),
            html("[![a](data:image/png;base64,AA)](https://x.test)").rfind("<img"));
}

TEST(MarkdownHtml, ALinkHasWordsAndNoLinkInIt) {
  constexpr std::string_view kBegin =
      "<p><a rel=\"noopener noreferrer nofollow\" "
      "target=\"_blank\" href=\"https://ci.test\">";
  const auto of = [&](std::string_view words) {
    return std::string(kBegin) + std::string(words) + "</a></p>\n";
  };
  EXPECT_EQ(html("[![build](https://img.test/b.svg)](https://ci.test)"), of("build"));
  EXPECT_EQ(html("[![](https://img.test/b.svg)](https://ci.test)"), of("https://ci.test"));
  EXPECT_EQ(html("[](https://ci.test)"), of("https://ci.test"));
  EXPECT_EQ(html("[a ![b](p.png) c](https://ci.test)"), of("a b c"));
}

TEST(MarkdownHtml, NothingOfTheTextIsMarkup) {
  EXPECT_EQ(html("<script>alert(1)</script>"), "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n");
  EXPECT_EQ(html("a <img src=x onerror=alert(1)> b"),
            "<p>a &lt;img src=x onerror=alert(1)&gt; b</p>\n");
  EXPECT_EQ(html("<!-- c -->"), "<p>&lt;!-- c --&gt;</p>\n");
  for (const char* language : {"\"><script>", "x&#32;veil", "x&Tab;veil", "\xC3\xA9"}) {
    EXPECT_EQ(html(std::string("```") + language + "\n```\n"), "<pre><code></code></pre>\n")
        << language;
  }
  EXPECT_EQ(html("![\" onerror=\"x](data:image/png;base64,AA)").find("onerror=\"x\""),
            std::string::npos);
  EXPECT_EQ(html(std::string_view("a\0b", 3)),
            "<p>a\xEF\xBF\xBD"
            "b</p>\n");
}

TEST(MarkdownHtml, IsBoundInWhatItComesTo) {
  EXPECT_EQ(to_html(std::string(kTextBytesMax + 1, 'a')).error().code, Code::kPayloadTooLarge);
  std::string table = "|";
  for (int i = 0; i < 4'000; ++i) table += "a|";
  table += "\n|";
  for (int i = 0; i < 4'000; ++i) table += "---|";
  for (int i = 0; i < 15'000; ++i) table += "\n|";
  ASSERT_LT(table.size(), kTextBytesMax);
  const auto cells = to_html(table);
  ASSERT_FALSE(cells) << cells->size();
  EXPECT_EQ(cells.error().code, Code::kPayloadTooLarge);
  std::string reference = "[r]: https://x.test/" + std::string(20'000, 'u') + "\n\n";
  for (int i = 0; i < 10'000; ++i) reference += "[r]";
  const auto made = to_html(reference);
  EXPECT_TRUE(!made || made->size() < kTextBytesMax * 20);
}

TEST(MarkdownHtml, ALineOpensNoMoreThanAnybodyReads) {
  std::string deep;
  for (int i = 0; i < 101; ++i) deep += "- ";
  EXPECT_EQ(to_html(deep + "a").error().code, Code::kPayloadTooLarge);
  EXPECT_EQ(to_html("b\n\n" + deep + "a").error().code, Code::kPayloadTooLarge);
  EXPECT_TRUE(to_html(deep.substr(4) + "a"));
  EXPECT_TRUE(to_html(std::string(300, '-'))) << "a rule";
  EXPECT_TRUE(to_html("2026-11-26. " + std::string(200, '*'))) << "text";
}

TEST(MarkdownHtml, AWordTooLongForOneHasNoBareLinks) {
  EXPECT_NE(html("http://a.b/(c)").find("<a "), std::string::npos);
  std::string word;
  while (word.size() < 3'000) word += "http://a.b/(";
  EXPECT_EQ(html(word + " http://a.b/c").find("<a "), std::string::npos);
}

TEST(MarkdownHtml, DeepNestingIsReadInItsTime) {
  for (const char* mark : {"> ", "- ", "*a ", "[a", "![a", "`", "**a", "<a", "1. "}) {
    std::string deep;
    while (deep.size() < kTextBytesMax - 8) deep += mark;
    EXPECT_TRUE(to_html(deep).has_value() || to_html(deep).error().code == Code::kPayloadTooLarge)
        << mark;
  }
}

}  // namespace
}  // namespace synap::markdown
