#include "markdown/wiki_links.h"

#include <gtest/gtest.h>

#include <chrono>

#include "markdown/html.h"

namespace synap::markdown {
namespace {

std::string targets(std::string_view text) {
  std::string all;
  for (const auto& link : wiki_links(text)) all += (all.empty() ? "" : ", ") + link.target;
  return all;
}
std::string around(std::string_view text) {
  const auto links = wiki_links(text);
  return links.empty() ? "none" : links[0].around;
}

TEST(WikiLinks, AreFoundInEveryFormThatIsWritten) {
  EXPECT_EQ(targets("See [[Other]]."), "Other");
  EXPECT_EQ(targets("[[Other|that one]] and [[Third#Part]] and [[a/b/Fourth#Part|it]]"),
            "Other, Third, a/b/Fourth");
  EXPECT_EQ(targets("![[Picture]]"), "Picture");
  EXPECT_EQ(targets("# On [[Other]]\n\n- [[One]]\n  - [[Two]]\n\n> [[Three]]"),
            "Other, One, Two, Three");
  EXPECT_EQ(targets("| a | b |\n|---|---|\n| [[One\\|1]] | [[Two]] |"), "One, Two");
  EXPECT_EQ(targets("[[ Größe & Maß ]]"), "Größe & Maß");
}

TEST(WikiLinks, AreNoneWhereMarkdownSeesNone) {
  EXPECT_EQ(targets("`[[Other]]`"), "");
  EXPECT_EQ(targets("```\n[[Other]]\n```\n\n    [[Other]]\n"), "");
  EXPECT_EQ(targets("\\[[Other]]"), "");
  EXPECT_EQ(targets("[[]] [[ ]] [[#Heading of this one]] [[|x]] [[Other] ] [Other]"), "");
  EXPECT_EQ(targets("[[" + std::string(101, 'x') + "]]"), "");
}

TEST(WikiLinks, AreToldOnceEach) {
  EXPECT_EQ(targets("[[One]] [[Two]] [[One|again]] [[One#Part]]"), "One, Two");
}

TEST(WikiLinks, SayTheFirstHeadingOfEach) {
  const auto headings = [](std::string_view text) {
    std::string all;
    for (const auto& link : wiki_links(text)) all += link.target + "#" + link.heading + ";";
    return all;
  };
  EXPECT_EQ(headings("[[One]] [[Two# Part |x]] [[One#A#B]] [[One#C]] [[Three#]] [[Four#^id]]"),
            "One#A#B;Two#Part;Three#;Four#^id;");
  EXPECT_EQ(headings("| a |\n|---|\n| [[One#Part\\|1]] |"), "One#Part;");
}

TEST(WikiLinks, AreRenamedWhereTheyAreLinks) {
  const auto renamed = [](std::string_view text, std::string_view to = "New") {
    return with_links_renamed(text, {"Old", "a & b"}, to);
  };
  EXPECT_EQ(renamed("[[Old]] ![[ Old |x]] [[Old#A#B|*y*]] [[old]] [[Old one]]"),
            "[[New]] ![[ New |x]] [[New#A#B|*y*]] [[old]] [[Old one]]");
  EXPECT_EQ(renamed("`[[Old]]` \\[[Old]] Old [[a & b]] [[Old]]"),
            "`[[Old]]` \\[[Old]] Old [[New]] [[New]]");
  EXPECT_EQ(renamed("| a |\n|---|\n| [[Old\\|1]] |"), "| a |\n|---|\n| [[New\\|1]] |");
  EXPECT_EQ(renamed("# [[Old]]\n\n> - **[[Old]]**"), "# [[New]]\n\n> - **[[New]]**");
  EXPECT_EQ(renamed("none"), "none");
  // A name that would be code beside what the text has.
  EXPECT_EQ(renamed("[[Old]] a ` b", "x`y"), "[[Old]] a ` b");
  EXPECT_EQ(renamed("[[Old]] b", "x`y"), "[[x`y]] b");
  // Also where another link of the name is left.
  EXPECT_EQ(renamed("[[Old]] a ` b [[Old]]", "x`y"), "[[Old]] a ` b [[Old]]");
  std::string many;
  for (std::size_t i = 0; i < kWikiLinksMax; ++i) many += "[[n" + std::to_string(i) + "]] ";
  EXPECT_EQ(renamed("[[Old]] [[a & b]] " + many), "[[New]] [[New]] " + many);
}

TEST(WikiLinks, LeadToNamesThatAreTargets) {
  for (const auto* name : {"a", "Größe & Maß", "a/b.md", "日本", "x*y"}) {
    EXPECT_TRUE(is_wiki_target(name)) << name;
  }
  for (const auto* name : {"", " a", "a|b", "a#b", "a]]b", "[[a", "a\nb"}) {
    EXPECT_FALSE(is_wiki_target(name)) << name;
  }
  EXPECT_FALSE(is_wiki_target(std::string(101, 'x')));
}

TEST(WikiLinks, HaveTheWordsAroundThem) {
  EXPECT_EQ(around("# Title\n\nWe *met*\n[[Other|her]] in `Rome`.\n\nNext."),
            "We met her in Rome.");
  EXPECT_EQ(around("- before\n- on [[Other]]\n  - below"), "on Other");
  std::string far;
  for (int i = 0; i < 50; ++i) far += "wörter ";
  const auto words = around(far + "[[Other]] " + far);
  EXPECT_LE(words.size(), 240U);
  EXPECT_TRUE(words.starts_with("…wörter ")) << words;
  EXPECT_TRUE(words.ends_with(" wörter…")) << words;
}

TEST(WikiLinks, AreBounded) {
  std::string many;
  for (int i = 0; i < 600; ++i) many += "[[n" + std::to_string(i) + "]] ";
  EXPECT_EQ(wiki_links(many).size(), kWikiLinksMax);
  const std::string long_one = std::string(kTextBytesMax - 4, 'x') + "\n[[Behind]]";
  EXPECT_EQ(targets("[[Before]]\n" + long_one), "Before");
}

TEST(WikiLinks, OfHostileTextsTakeNoLongerThanItsHtml) {
  for (const std::string_view part :
       {"[[", "[[a", "[[a|", "]]", "![[", "[[a]", "[[[a]]", "*[[a]] _"}) {
    std::string text;
    while (text.size() + part.size() <= kTextBytesMax) text += part;
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_LE(wiki_links(text).size(), kWikiLinksMax);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    EXPECT_LT(took.count(), 2.0) << part;
  }
}

}  // namespace
}  // namespace synap::markdown
