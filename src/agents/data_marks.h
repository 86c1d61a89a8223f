// What comes from stored text, or from anybody but the person and the pod itself, is marked as data
// where a model reads it, so that it can tell it from what it is asked. What a model copies of the
// marks is taken out of what it says.
//
//   mark = begin LF text LF end
//   begin = '<data kind="' *attribute '" id="' *attribute '">'
//   end = "</data>"
//   attribute = any character but '"', "<", ">" and LF
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "models/conversation.h"

namespace synap::agents {

/// `<data kind="note" id="...">` and the text and its end. What in the text looks like such a mark
/// is written so that it is none.
std::string as_data(std::string_view kind, std::string_view id, std::string_view text);

/// What a prompt says of it to the model.
extern const std::string_view kDataRule;

/// The text, at most so many bytes of it, with a word on what is left out.
std::string shortened(std::string_view text, std::size_t bytes_max);

/// Takes the marks of as_data out of a text that comes in pieces, cut anywhere. Only those: a
/// beginning with just its two attributes, and at most one end for each such beginning. HTML's own
/// element of that name stays, wherever it is: an end belongs to the last beginning that has none.
/// So does a mark that as_data has written so that it is none.
class MarkStripper {
 public:
  /// A beginning that is longer is none of ours.
  static constexpr std::size_t kMarkMax = 512;

  /// What can be said by now: all but what may be the beginning of a mark.
  std::string add(std::string_view piece);
  /// What is left, which was no mark.
  std::string finish();

 private:
  std::string pending_;
  // Of each mark that has no end yet, how many of HTML's elements in it have none.
  std::vector<int> open_;
};

std::string without_marks(std::string_view text);
/// The same of all that a model has said: its text, and the texts in its output and in arguments
/// of tools.
void strip_marks(models::Answer& answer);

}  // namespace synap::agents
