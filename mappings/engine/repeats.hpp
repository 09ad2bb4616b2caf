#pragma once
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "fhir/model/builder.hpp"
#include "mappings/engine/leaves.hpp"
#include "mappings/engine/report.hpp"

namespace causeway::mappings {

/// What the composite values of a message became, so that one which says the same again is copied instead of made.
///
/// Ten results name one unit, one flag and one observer. What a type map makes depends on its value alone, so equal
/// bytes become equal elements; what it makes behind a reference is one resource. Holds a bounded number of elements:
/// those met first.
class Repeats {
public:
    /// A value in the light of how it is converted.
    struct Key {
        const void* how = nullptr;  ///< the type map, or the line where its table counts too
        std::string_view bytes;
        std::uint32_t at = 0;      ///< component and subcomponent of the value
        std::uint32_t first = 0;   ///< .. and of its first leaf
        std::string_view sibling;  ///< the one member the element had before; empty if it was not there

        bool operator==(const Key& other) const noexcept {
            return how == other.how && at == other.at && first == other.first && same_text(bytes, other.bytes) &&
                   same_text(sibling, other.sibling);
        }
        std::uint64_t hash() const noexcept;
    };
    /// An element of what a value became, in the order of the document.
    struct Piece {
        std::string_view name, text;
        std::uint32_t above = 0;  ///< index of the piece it hangs below, from 1; 0 = the target itself
        fhir::Kind kind = fhir::Kind::null;
        std::uint8_t flags = 0;
    };
    /// A line of the trace: which piece, by index from 1, or the element itself where the resource is shared.
    struct Origin {
        std::uint32_t piece = 0;
        const fhir::Node* node = nullptr;
        std::uint32_t resource = 0;  ///< where the resource is shared
        std::uint32_t line = 0;
        bool has_source = false;
        V2Leaf source;
    };
    struct Made {
        Key key;
        std::uint32_t offset = 0;       ///< of the value's first leaf in the message
        std::uint32_t line = 0;         ///< what was made on the way was its doing
        std::uint64_t read = 0;         ///< which of the value's leaves were read
        std::uint32_t resource = none;  ///< the one it is, behind a reference
        std::uint32_t via = none;       ///< .. the one that reference stands in, where that is the same too
        std::uint32_t first_piece = 0, pieces = 0, first_origin = 0, origins = 0;

        static constexpr std::uint32_t none = 0xffffffff;
    };

    static constexpr std::size_t leaves_max = 64;  ///< of a value that is remembered

    /// Finds every value that is remembered, wherever its neighbours lie: what a message becomes, and its trace, must not
    /// depend on addresses.
    const Made* find(const Key& key, std::uint64_t hash) const noexcept {
        for (std::size_t slot = hash % slots_.size(); slots_[slot] != 0; slot = (slot + 1) % slots_.size())
            if (made_[slots_[slot] - 1U].key == key) return &made_[slots_[slot] - 1U];
        return nullptr;
    }
    bool full() const noexcept { return pieces_.size() >= pieces_max || made_.size() >= made_max; }

    /// Remembers what hangs below `node` from its child `from` on; the trace entries of it lie from `traced` on. False
    /// if it is not what its value alone made.
    bool keep_pieces(Made made, std::uint64_t hash, const fhir::Node* node, std::size_t from, const Trace& trace,
                     std::size_t traced, const V2Value& value);
    /// Remembers the resource it is, and the one on the way to it.
    bool keep_resource(Made made, std::uint64_t hash, const Trace& trace, std::size_t traced, const V2Value& value);

    /// Makes the pieces below `target` once more.
    void copy(const Made& made, fhir::MutableElement target, const V2Value& value, std::uint32_t resource,
              Trace& trace);

private:
    static constexpr std::size_t pieces_max = 4096, made_max = 1024;

    bool keep_origin(const TraceEntry& entry, std::uint32_t piece, const V2Value& value);
    bool settle(Made made, std::uint64_t hash, bool own);

    std::array<std::uint16_t, 2 * made_max> slots_{};  ///< number of a Made from 1, 0 = free; taken: the next one
    std::vector<Made> made_;
    std::vector<Piece> pieces_;
    std::vector<Origin> origins_;
    std::vector<fhir::Node*> copied_;
};

}  // namespace causeway::mappings
