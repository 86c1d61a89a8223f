// Table: rows for people, in a window of any width: headings, cells that are cut where they must
// be, colour, and a pager for what is longer than the window.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace synap::cli {

enum class Colour { kNone, kGood, kBad, kBusy, kFaint };

struct Column {
  std::string heading;
  bool is_number = false;  // to the right
  bool is_fixed = false;   // never cut: ids, times
  bool is_extra = false;   // left out unless everything has its whole width
};
struct Cell {
  std::string text;
  Colour colour = Colour::kNone;
};

class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  /// As many cells as there are columns. Control characters are shown as "?".
  void add(std::vector<Cell> row);
  bool is_empty() const { return rows_.empty(); }
  /// As lines of at most `width` columns; columns that no row has anything in are left out. In a
  /// narrow window extras go first, then times and ids, then others, from the end, before a text is
  /// cut to where it says nothing; the first text, which is what things are called, stays, and is
  /// cut last.
  std::string text(std::size_t width, bool has_colours) const;
  /// To stdout, in the window's width, by way of a pager if it is too long. Without a row it says
  /// that there are no `things`.
  void show(std::string_view things) const;

 private:
  std::vector<std::size_t> widths(std::size_t width) const;
  void shrink_texts(std::vector<std::size_t>& widths, std::size_t width, std::size_t name,
                    std::size_t name_least) const;
  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

/// By what a word says of how it went: "completed", "failed", "active".
Colour colour_of(std::string_view status);
/// With the escape sequences of its colour, or as it is.
std::string coloured(std::string_view text, Colour colour, bool has_colours);

/// The end of an id, which is its random part: enough for people, and taken wherever an id is.
std::string short_id(std::string_view id);

/// Prints a text. In a terminal that it does not fit into it goes through $PAGER, or less.
void page(std::string_view text);

}  // namespace synap::cli
