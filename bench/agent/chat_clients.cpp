#include "chat_clients.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <random>
#include <system_error>
#include <utility>

#include "../load/http_answer.h"

namespace synap::bench {
namespace {

constexpr Nanoseconds kLookEvery = kNanosecondsPerSecond / 5;
// Of a run of the agent: its beginning, and behind each of its four rounds.
constexpr int kStates = 5;
constexpr std::uint64_t kSearch = ~std::uint64_t{0};

std::string post(const Address& address, std::string_view key, std::string_view path,
                 std::string_view body) {
  return fmt::format(
      "POST {} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\ncontent-type: "
      "application/json\r\ncontent-length: {}\r\n\r\n{}",
      path, address.host_header, key, body.size(), body);
}

std::string get(const Address& address, std::string_view key, std::string_view path) {
  return fmt::format("GET {} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\n\r\n", path,
                     address.host_header, key);
}

// A message of 8 KiB is more than a fresh connection's window now and then, so this one waits.
void send_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return;
    if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::string_view text_behind(std::string_view json, std::string_view name) {
  const auto at = json.find(name);
  if (at == std::string_view::npos) return {};
  const auto rest = json.substr(at + name.size());
  return rest.substr(0, rest.find('"'));
}

std::string encoded(std::string_view json) {
  std::string text;
  for (const char one : json) {
    const bool is_plain = (one >= 'a' && one <= 'z') || (one >= 'A' && one <= 'Z') ||
                          (one >= '0' && one <= '9') || one == '-';
    if (is_plain) {
      text.push_back(one);
    } else {
      text += fmt::format("%{:02X}", static_cast<unsigned char>(one));
    }
  }
  return text;
}

}  // namespace

std::string words(std::size_t bytes, std::uint32_t seed) {
  static constexpr std::array kSyllables{"ba", "de", "fi", "go", "ku", "la", "me", "ni",
                                         "po", "ru", "sa", "te", "vi", "wo", "zu", "ja"};
  std::minstd_rand random(seed);
  const auto syllable = [&] { return kSyllables.at(random() / 16 % kSyllables.size()); };
  std::string text;
  while (text.size() < bytes) {
    text += fmt::format("{}{}{} ", syllable(), syllable(), syllable());
  }
  text.resize(bytes);
  return text;
}

ChatClients::ChatClients(const ClientOptions& options, const ChatProvider& provider)
    : options_(options), provider_(provider), message_(words(options.message_bytes, 7)) {
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_ < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
}

ChatClients::~ChatClients() {
  for (const auto& chat : chats_) {
    if (chat->descriptor >= 0) close(chat->descriptor);
  }
  close_search();
  close(epoll_);
}

void ChatClients::listen_to(int descriptor, std::uint64_t what) {
  epoll_event wanted{};
  wanted.events = EPOLLIN;
  wanted.data.u64 = what;
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &wanted) != 0) {
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
  }
}

void ChatClients::send_next() {
  auto chat = std::make_unique<Chat>();
  chat->number = static_cast<int>(chats_.size());
  // Spread over all users.
  chat->is_stalled = chat->number * 7 % 100 < options_.stalled_per_cent;
  chat->seen.resize(static_cast<std::size_t>(options_.tokens));
  chat->descriptor = connect_to(options_.address);
  listen_to(chat->descriptor, static_cast<std::uint64_t>(chat->number));
  const auto text = mark_of(chat->number) + message_;
  chat->sent_at = now();
  send_all(chat->descriptor, post(options_.address, key_of(chat->number), "/trpc/chat.send",
                                  fmt::format("{{\"text\":\"{}\"}}", text)));
  chats_.push_back(std::move(chat));
}

void ChatClients::read(Chat& chat) {
  std::array<char, 65536> bytes;  // NOLINT: what is not read is not looked at
  const auto count = recv(chat.descriptor, bytes.data(), bytes.size(), 0);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count <= 0) return end(chat);
  const std::string_view got(bytes.data(), static_cast<std::size_t>(count));
  if (!chat.is_watching) return read_answer(chat, got);
  if (!chat.events.read(got, [&](std::string_view data) { hear(chat, data); })) end(chat);
}

void ChatClients::read_answer(Chat& chat, std::string_view bytes) {
  chat.answer.append(bytes);
  const auto answer = parse_answer(chat.answer);
  if (!answer) return;
  chat.answered_at = now();
  commit_times_.add(chat.answered_at - chat.sent_at);
  const auto run = text_behind(answer->body, "\"runId\":\"");
  if (answer->status != 200 || run.empty()) return end(chat);
  chat.is_watching = true;
  send_all(chat.descriptor,
           get(options_.address, key_of(chat.number),
               "/trpc/agents.watch?input=" + encoded(fmt::format("{{\"id\":\"{}\"}}", run))));
  if (chat.is_stalled) epoll_ctl(epoll_, EPOLL_CTL_DEL, chat.descriptor, nullptr);
}

void ChatClients::hear(Chat& chat, std::string_view data) {
  if (data.starts_with(R"({"type":"text")")) {
    const auto time = now();
    auto text = text_behind(data, R"("text":")");
    for (auto space = text.find(' '); space != std::string_view::npos; space = text.find(' ')) {
      hear_token(chat, text.substr(0, space), time);
      text.remove_prefix(space + 1);
    }
  } else if (data.starts_with(R"({"type":"state")")) {
    const auto number = fmt::format(R"({{"type":"state","number":{},)", chat.states);
    chat.states = data.starts_with(number) ? chat.states + 1 : -1'000;
  } else if (data.starts_with(R"({"type":"run")")) {
    const auto status = text_behind(data, R"("status":")");
    chat.is_completed = status == "completed";
    if (chat.is_completed || status == "failed") end(chat);
  }
}

void ChatClients::hear_token(Chat& chat, std::string_view token, Nanoseconds time) {
  int number = -1;
  Nanoseconds sent_at = 0;
  const auto colon = token.find(':');
  std::from_chars(token.data(), token.data() + token.size(), number);
  std::from_chars(token.data() + std::min(colon + 1, token.size()), token.data() + token.size(),
                  sent_at);
  if (number < 0 || number >= options_.tokens) {
    ++chat.repeated;
    return;
  }
  const auto at = static_cast<std::size_t>(number);
  if (chat.seen[at]) {
    ++chat.repeated;
    return;
  }
  chat.seen[at] = true;
  if (number < chat.next) ++chat.reordered;
  chat.next = std::max(chat.next, number + 1);
  if (!chat.is_stalled) token_times_.add(time - sent_at);
}

void ChatClients::end(Chat& chat) {
  if (std::exchange(chat.has_ended, true)) return;
  close(chat.descriptor);
  chat.descriptor = -1;
}

// What an agent asks for a message before it asks the model (features/chat/chat_agent.cpp).
void ChatClients::search() {
  if (is_searching_) return;
  if (searching_ < 0) {
    searching_ = connect_to(options_.address);
    listen_to(searching_, kSearch);
  }
  is_searching_ = true;
  searched_at_ = now();
  const auto query = fmt::format(R"({{"q":"{}","limit":6}})", message_.substr(0, 400));
  send_all(searching_,
           get(options_.address, key_of(0), "/trpc/search.query?input=" + encoded(query)));
}

// The pod does not keep a connection over which nothing is asked for long.
void ChatClients::close_search() {
  if (searching_ >= 0) close(searching_);
  searching_ = -1;
  search_answer_.clear();
  is_searching_ = false;
}

void ChatClients::read_search() {
  std::array<char, 65536> bytes;  // NOLINT: what is not read is not looked at
  const auto count = recv(searching_, bytes.data(), bytes.size(), 0);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count <= 0) return close_search();
  search_answer_.append(bytes.data(), static_cast<std::size_t>(count));
  const auto answer = parse_answer(search_answer_);
  if (!answer) return;
  if (answer->status == 200) search_times_.add(now() - searched_at_);
  search_answer_.clear();
  is_searching_ = false;
}

void ChatClients::wait(Nanoseconds until) {
  std::array<epoll_event, 256> ready{};
  const auto rest = std::clamp<Nanoseconds>(until - now(), 0, kLookEvery);
  const timespec timeout{.tv_sec = 0, .tv_nsec = rest};
  const int count =
      epoll_pwait2(epoll_, ready.data(), static_cast<int>(ready.size()), &timeout, nullptr);
  for (int i = 0; i < count; ++i) {
    const auto what = ready.at(static_cast<std::size_t>(i)).data.u64;
    if (what == kSearch) {
      read_search();
      continue;
    }
    auto& chat = *chats_[what];
    if (!chat.has_ended) read(chat);
  }
}

bool ChatClients::are_whole(bool stalled) const {
  return std::ranges::all_of(chats_, [stalled](const auto& chat) {
    return chat->has_ended || chat->is_stalled != stalled;
  });
}

void ChatClients::watch(Nanoseconds at_most, const std::function<void()>& look) {
  const auto begin = now();
  auto looked_at = begin;
  while (now() < begin + at_most) {
    const auto sent = static_cast<std::int64_t>(chats_.size());
    const bool is_sent = sent == options_.chats;
    const auto next = begin + sent * kNanosecondsPerSecond / options_.sent_per_second;
    if (!is_sent && now() >= next) send_next();
    if (is_sent && are_whole(false)) return;
    wait(is_sent ? looked_at + kLookEvery : std::min(next, looked_at + kLookEvery));
    if (now() < looked_at + kLookEvery) continue;
    looked_at = now();
    look();
    if (is_sent) search();
  }
}

void ChatClients::let_stalled_read(Nanoseconds at_most) {
  for (const auto& chat : chats_) {
    if (!chat->is_stalled || chat->has_ended) continue;
    listen_to(chat->descriptor, static_cast<std::uint64_t>(chat->number));
  }
  const auto begin = now();
  while (!are_whole(true) && now() < begin + at_most) wait(begin + at_most);
}

ChatClients::Report ChatClients::report() const {
  Report report;
  for (const auto& chat : chats_) {
    const auto came = std::ranges::count(chat->seen, true);
    const bool is_whole = came == options_.tokens && chat->reordered == 0 && chat->repeated == 0;
    if (!chat->is_completed) ++report.failed;
    if (chat->states == kStates) ++report.all_states;
    if (chat->is_stalled) {
      ++report.stalled;
      report.late_whole += is_whole ? 1 : 0;
      continue;
    }
    ++report.kept_up;
    report.whole += is_whole ? 1 : 0;
    report.lost += options_.tokens - came;
    report.reordered += chat->reordered;
    report.repeated += chat->repeated;
  }
  return report;
}

Latencies ChatClients::begin_times() const {
  Latencies times;
  for (const auto& chat : chats_) {
    const auto asked_at = provider_.asked_at(chat->number);
    if (asked_at != 0 && chat->answered_at != 0) times.add(asked_at - chat->answered_at);
  }
  return times;
}

}  // namespace synap::bench
