#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "hl7v2/message_view.hpp"

namespace causeway::hl7v2 {

/// A message that owns its bytes. Moving it leaves the bytes where they are, so views taken from it stay valid for as
/// long as the Message they moved into lives. Not copied by accident: clone() says so.
class Message {
public:
    static Result<Message> parse(std::string bytes, const ParseOptions& options = {}) {
        auto owned = std::make_unique<const std::string>(std::move(bytes));
        auto view = MessageView::parse(std::string_view(*owned), options);
        if (!view) return view.error();
        return Message(std::move(owned), std::move(*view));
    }

    /// Valid as long as this message.
    const MessageView& view() const& noexcept { return view_; }
    const MessageView& view() const&& = delete;  // would dangle
    const MessageView& operator*() const& noexcept { return view_; }
    const MessageView* operator->() const& noexcept { return &view_; }

    /// Byte for byte what was parsed.
    std::string_view bytes() const& noexcept { return view_.bytes(); }

    Message clone() const {
        auto bytes = std::make_unique<const std::string>(*bytes_);
        MessageView view = view_.rebased(*bytes);
        return Message(std::move(bytes), std::move(view));
    }

private:
    Message(std::unique_ptr<const std::string> bytes, MessageView view) noexcept
        : bytes_(std::move(bytes)), view_(std::move(view)) {}

    std::unique_ptr<const std::string> bytes_;  // on the heap: a short std::string would take its characters along
    MessageView view_;
};

}  // namespace causeway::hl7v2
