// HiddenTyping: while it is there, what is typed at the terminal is not shown. A key is a secret.
//
// One at a time. Whatever ends or stops the program meanwhile (Ctrl-C, Ctrl-Z, kill) finds the
// terminal as it was, and after a stop it goes on hiding.
#pragma once

namespace synap::cli {

class HiddenTyping {
 public:
  /// Nothing is changed where stdin is no terminal.
  HiddenTyping();
  ~HiddenTyping();
  HiddenTyping(const HiddenTyping&) = delete;
  HiddenTyping& operator=(const HiddenTyping&) = delete;

 private:
  bool is_hidden_ = false;
};

}  // namespace synap::cli
