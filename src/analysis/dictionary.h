// Words of scripts that are written without spaces, as ICU's dictionaries have them.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

namespace synap::analysis {

/// One thread at a time.
class Dictionary {
 public:
  Dictionary();
  ~Dictionary();
  /// Where the words of a run of letters end, in bytes; the last is the end of the run.
  std::vector<std::size_t> ends_of_words(std::string_view run);

 private:
  struct Breaks;
  std::unique_ptr<Breaks> breaks_;  // made when it is first asked
};

}  // namespace synap::analysis
