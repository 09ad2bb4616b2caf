#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "gateway/http/message.hpp"

namespace causeway::http {

/// What the connections of a server may hold together of what is large: bodies being read (a quarter of the budget),
/// documents made of them (a half), answers that their clients have not taken yet (a quarter).
///
/// What has at most small_bytes_max has a reserve of its own (another quarter), so that whoever fills the budget stops
/// large requests only, and one address has at most the half of each part (a loopback address may be a proxy's and has
/// all of it). What is larger than a share may be is let in alone: one such body, document and answer at a time. So the
/// most that is held is the budget, its reserve, and one of the largest bodies with its document.
///
/// Thread-safe; a Share belongs to one request.
class MemoryBudget {
public:
    enum class Part : std::uint8_t { bodies, documents, answers };
    static constexpr std::size_t small_bytes_max = 64 * 1024;

    explicit MemoryBudget(std::size_t bytes_max);
    MemoryBudget(const MemoryBudget&) = delete;
    MemoryBudget& operator=(const MemoryBudget&) = delete;

    /// All that is held now, the small ones too.
    std::size_t held() const;

    class Share {
    public:
        Share(MemoryBudget& budget, const Peer* peer)
            : budget_(budget), peer_(peer && !peer->loopback ? peer->address : std::string()) {}
        ~Share() { release(); }
        Share(const Share&) = delete;
        Share& operator=(const Share&) = delete;

        /// Changes what is held, and of which part it is. False: there is no room now, and what was held stays.
        bool hold(Part part, std::size_t bytes);
        /// What cannot be refused any more: counted, whether there is room or not.
        void hold_anyway(Part part, std::size_t bytes);
        /// A place in the line: room that comes is given in the order in which it was asked for. False if too many wait,
        /// or too much: an answer that waits is held too.
        bool wait(Part part, std::size_t bytes);
        void leave_line();
        void release();

    private:
        friend class MemoryBudget;
        enum class As : std::uint8_t { nothing, small, usual, alone };
        MemoryBudget& budget_;
        const std::string peer_;  ///< empty: not bound by a peer's share
        As as_ = As::nothing;
        Part part_ = Part::bodies;
        std::size_t bytes_ = 0;
        bool waiting_ = false;
        Part waits_for_ = Part::bodies;
        std::size_t waits_with_ = 0;  ///< bytes that are held while it waits and are counted nowhere else
    };

private:
    struct Account {
        std::size_t max = 0, held = 0;
        const Share* alone = nullptr;
        std::unordered_map<std::string, std::size_t> by_peer;
        std::deque<const Share*> line;
        std::size_t waiting_bytes = 0;  ///< of answers in the line
    };
    static constexpr std::size_t waiting_max = 64;

    Account& account(Part part) { return accounts_[static_cast<std::size_t>(part)]; }
    bool fits(const Share& share, Part part, std::size_t bytes);
    void put(Share& share, Part part, std::size_t bytes, Share::As as);
    void take_back(Share& share);

    mutable std::mutex mutex_;
    std::array<Account, 3> accounts_;
    std::size_t small_max_, small_held_ = 0, alone_held_ = 0;
};

/// About what a body of this text takes until it is stored: the text three times (as it came, as it is read, as it is
/// stored), and what a JSON or XML document has for each of its elements. Counts the characters that begin one.
std::size_t document_bytes(std::string_view body) noexcept;

}  // namespace causeway::http
