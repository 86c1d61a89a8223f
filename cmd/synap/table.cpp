#include "synap/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <numeric>

#include "base/check.h"
#include "synap/output.h"
#include "synap/terminal.h"

namespace synap::cli {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kTextMin = 8;   // less of a text says nothing
constexpr std::size_t kCellMin = 20;  // "note.creation.requested" and "….completed" differ by then
constexpr std::size_t kNameMin = 24;  // so much tells most titles and names apart
constexpr std::size_t kShortId = 8;

std::size_t sum_of(const std::vector<std::size_t>& widths) {
  std::size_t sum = 0;
  for (const auto width : widths) sum += width == 0 ? 0 : width + kGap;
  return sum == 0 ? 0 : sum - kGap;
}

bool is_text(const Column& column) {
  return !column.is_fixed && !column.is_number;
}

}  // namespace

void Table::add(std::vector<Cell> row) {
  SYNAP_CHECK(row.size() == columns_.size(), "a cell for each column");
  for (auto& cell : row) cell.text = printable(cell.text);
  rows_.push_back(std::move(row));
}

// The widths of the columns; 0: it is left out.
std::vector<std::size_t> Table::widths(std::size_t width) const {
  std::vector<std::size_t> widths(columns_.size(), 0);
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], display_width(row[i].text));
    }
  }
  for (std::size_t i = 0; i < widths.size(); ++i) {
    if (widths[i] > 0) widths[i] = std::max(widths[i], display_width(columns_[i].heading));
  }
  for (std::size_t i = widths.size(); i-- > 0 && sum_of(widths) > width;) {
    if (columns_[i].is_extra) widths[i] = 0;
  }
  // Of a list of things the first text is what they are called.
  std::size_t name = 0;
  while (name < widths.size() && (!is_text(columns_[name]) || widths[name] == 0)) ++name;
  const auto whole = widths;
  const auto fit = [&](std::size_t name_least) {
    for (std::size_t i = 0; i < widths.size(); ++i) {
      if (is_text(columns_[i]) && widths[i] > 0) widths[i] = whole[i];
    }
    shrink_texts(widths, width, name, name_least);
  };
  fit(kNameMin);
  for (const bool only_fixed : {true, false}) {
    for (std::size_t i = widths.size(); i-- > 0 && sum_of(widths) > width;) {
      if (i == name || widths[i] == 0 || (only_fixed && !columns_[i].is_fixed)) continue;
      // Without a name the first column has to do.
      if (name == widths.size() && i == 0) continue;
      widths[i] = 0;
      fit(kNameMin);
    }
  }
  if (sum_of(widths) > width) fit(kTextMin);
  return widths;
}

// The widest gives way first.
void Table::shrink_texts(std::vector<std::size_t>& widths, std::size_t width, std::size_t name,
                         std::size_t name_least) const {
  while (sum_of(widths) > width) {
    std::size_t widest = widths.size();
    for (std::size_t i = 0; i < widths.size(); ++i) {
      if (!is_text(columns_[i]) || widths[i] <= (i == name ? name_least : kCellMin)) continue;
      if (widest == widths.size() || widths[i] > widths[widest]) widest = i;
    }
    if (widest == widths.size()) return;
    --widths[widest];
  }
}

std::string Table::text(std::size_t width, bool has_colours) const {
  const auto wide = widths(width);
  const auto last = [&] {
    std::size_t i = wide.size();
    while (i > 0 && wide[i - 1] == 0) --i;
    return i;
  }();
  std::string out;
  const auto add_row = [&](const auto& cell_of) {
    for (std::size_t i = 0; i < last; ++i) {
      if (wide[i] == 0) continue;
      const Cell cell = cell_of(i);
      auto shown = truncated(cell.text, wide[i]);
      const std::string space(wide[i] - display_width(shown), ' ');
      const bool is_last = i + 1 == last;
      shown = coloured(shown, cell.colour, has_colours);
      out += columns_[i].is_number ? space + shown : shown + (is_last ? "" : space);
      out += is_last ? "\n" : std::string(kGap, ' ');
    }
  };
  add_row([&](std::size_t i) { return Cell{columns_[i].heading, Colour::kFaint}; });
  for (const auto& row : rows_) add_row([&](std::size_t i) { return row[i]; });
  return out;
}

void Table::show(std::string_view things) const {
  if (rows_.empty())
    return print_line(coloured(fmt::format("no {}", things), Colour::kFaint, has_colour()));
  page(text(terminal_width(), has_colour()));
}

Colour colour_of(std::string_view status) {
  for (const auto good : {"completed", "done", "ok", "live"}) {
    if (status.ends_with(good)) return Colour::kGood;
  }
  for (const auto bad : {"failed", "fail", "stopped", "revoked"}) {
    if (status.ends_with(bad)) return Colour::kBad;
  }
  for (const auto busy : {"requested", "active", "sleeping", "pending", "in_progress", "warn"}) {
    if (status.ends_with(busy)) return Colour::kBusy;
  }
  return Colour::kNone;
}

std::string coloured(std::string_view text, Colour colour, bool has_colours) {
  const char* code = "";
  if (colour == Colour::kGood) code = "32";
  if (colour == Colour::kBad) code = "31";
  if (colour == Colour::kBusy) code = "33";
  if (colour == Colour::kFaint) code = "2";
  if (!has_colours || *code == '\0' || text.empty()) return std::string(text);
  return std::string("\x1b[") + code + "m" + std::string(text) + "\x1b[0m";
}

std::string short_id(std::string_view id) {
  return std::string(id.size() > kShortId ? id.substr(id.size() - kShortId) : id);
}

// The pager is run by a shell, as man and git do: $PAGER may have arguments.
void page(std::string_view text) {
  const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n'));
  const char* chosen = std::getenv("PAGER");
  const std::string pager = chosen == nullptr ? "less -FRX" : chosen;
  if (!is_terminal() || lines < terminal_height() || pager.empty() || pager == "cat") {
    print(text);
    return;
  }
  // As git has it: a pager shows colours and ends on a short text, unless somebody chose otherwise.
  ::setenv("LESS", "FRX", 0);
  ::setenv("LV", "-c", 0);
  std::fflush(stdout);
  std::FILE* pipe = ::popen(pager.c_str(), "w");
  if (pipe == nullptr) {
    print(text);
    return;
  }
  std::fwrite(text.data(), 1, text.size(), pipe);  // whoever leaves the pager has seen enough
  constexpr int kNoSuchProgram = 127 << 8;         // of the shell, as wait(2) has it
  if (::pclose(pipe) == kNoSuchProgram) print(text);
}

}  // namespace synap::cli
