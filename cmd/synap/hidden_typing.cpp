#include "synap/hidden_typing.h"

#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace synap::cli {
namespace {

// What a person or the system ends or stops a program with. SIGKILL cannot be handled.
constexpr std::array kSignals = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};

// Of the one that is there, for the handler, which has nothing else.
termios before;
termios hidden;
std::array<struct sigaction, kSignals.size()> actions_before;

extern "C" void show_typing_and_raise(int signal);

struct sigaction handling() {
  struct sigaction action{};
  action.sa_handler = show_typing_and_raise;
  // Reset as it is called, and not held back meanwhile: raised again, it does what it always does.
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_NODEFER | SA_RESTART);
  return action;
}

// Only what may be called in a handler: tcsetattr, raise and sigaction may.
void show_typing_and_raise(int signal) {
  const int reason = errno;
  ::tcsetattr(STDIN_FILENO, TCSANOW, &before);
  ::raise(signal);
  // Here after a stop only: somebody has it going on.
  const auto action = handling();
  ::sigaction(signal, &action, nullptr);
  ::tcsetattr(STDIN_FILENO, TCSANOW, &hidden);
  errno = reason;
}

}  // namespace

HiddenTyping::HiddenTyping() {
  if (::tcgetattr(STDIN_FILENO, &before) != 0) return;
  hidden = before;
  hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  const auto action = handling();
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    ::sigaction(kSignals[i], nullptr, &actions_before[i]);
    // What the caller ignores, as nohup does, stays ignored.
    if (actions_before[i].sa_handler != SIG_IGN) ::sigaction(kSignals[i], &action, nullptr);
  }
  ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
  is_hidden_ = true;
}

HiddenTyping::~HiddenTyping() {
  if (!is_hidden_) return;
  ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    ::sigaction(kSignals[i], &actions_before[i], nullptr);
  }
}

}  // namespace synap::cli
