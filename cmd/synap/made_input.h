// MadeInput: the input of a procedure as flags of a command line.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/status.h"
#include "synap/catalogue.h"
#include "synap/command_line.h"

namespace synap::cli {

class MadeInput {
 public:
  explicit MadeInput(const ProcedureInfo& procedure);
  MadeInput(const MadeInput&) = delete;
  MadeInput& operator=(const MadeInput&) = delete;

  /// They point into this object.
  std::vector<Option> options();
  /// The input as it was given. "-" as a text, and --file, are read here. kBadRequest: a flag whose
  /// value cannot be one of its field, or a required field that is missing.
  Result<Json> json();
  /// The field that is given without its name: the first required one, if it is a text.
  const FieldInfo* argument() const { return argument_; }
  /// Another value for it.
  void set_argument(const std::string& text);
  std::optional<std::string> argument_text() const;
  /// How `input` is given to the command: " ID --title 'Buy milk'". Of a text its first line.
  std::string text_of(const Json& input) const;

 private:
  struct Given {
    FieldInfo field;
    std::optional<std::string> text = {};
    std::vector<std::string> texts = {};  // of lists
    bool is_no = false;                   // --no-due-date, --no-trusted
  };
  Option option_of(Given& given);
  Result<Json> value_of(const Given& given) const;

  std::string path_;
  std::deque<Given> all_;  // their addresses stay
  const FieldInfo* argument_ = nullptr;
  Given* long_text_ = nullptr;  // what --file is for
  std::optional<std::string> file_;
};

}  // namespace synap::cli
