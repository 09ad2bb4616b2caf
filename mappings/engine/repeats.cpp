#include "mappings/engine/repeats.hpp"

#include <cstring>

namespace causeway::mappings {
namespace {

std::uint64_t eight(const char* bytes, std::size_t count) noexcept {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes, count);
    return word;
}

/// Numbers the elements below a node in their order, in the one place of a made node that is free.
void flatten(fhir::Node* node, std::uint32_t above, std::size_t from, std::vector<Repeats::Piece>& pieces,
             std::uint32_t first) {
    for (fhir::Node* child = node->first; child; child = child->next) {
        if (from != 0) {
            --from;
            continue;
        }
        const std::string_view text = child->kind == fhir::Kind::object ? std::string_view() : child->text();
        pieces.push_back({child->name(), text, above, child->kind, child->flags});
        child->offset = static_cast<std::uint32_t>(pieces.size()) - first;
        flatten(child, child->offset, 0, pieces, first);
    }
}

void forget_numbers(fhir::Node* node, std::size_t from) {
    for (fhir::Node* child = node->first; child; child = child->next) {
        if (from != 0) {
            --from;
            continue;
        }
        child->offset = 0;
        forget_numbers(child, 0);
    }
}

}  // namespace

std::uint64_t Repeats::Key::hash() const noexcept {
    const std::size_t head = bytes.size() < 8 ? bytes.size() : 8;
    std::uint64_t mixed = eight(bytes.data(), head) ^ (eight(bytes.data() + bytes.size() - head, head) << 7U) ^
                          (static_cast<std::uint64_t>(bytes.size()) << 32U) ^
                          static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(how));
    mixed *= 0x9e3779b97f4a7c15U;
    return mixed >> 40U;
}

bool Repeats::keep_origin(const TraceEntry& entry, std::uint32_t piece, const V2Value& value) {
    const V2Leaf& source = entry.source;
    if (entry.has_source && (source.segment != value.segment->number() || source.field != value.at.field ||
                             source.repetition != value.at.repetition))
        return false;
    origins_.push_back(
        {piece, piece == 0 ? entry.node : nullptr, entry.resource, entry.line, entry.has_source, source});
    return true;
}

/// Remembers it if it is its value's own; else takes back what was kept of it.
bool Repeats::settle(Made made, std::uint64_t hash, bool own) {
    if (!own) {
        pieces_.resize(made.first_piece);
        origins_.resize(made.first_origin);
        return false;
    }
    if (made_.empty()) made_.reserve(64);
    made.origins = static_cast<std::uint32_t>(origins_.size()) - made.first_origin;
    made_.push_back(made);
    std::size_t slot = hash % slots_.size();
    while (slots_[slot] != 0) slot = (slot + 1) % slots_.size();
    slots_[slot] = static_cast<std::uint16_t>(made_.size());
    return true;
}

bool Repeats::keep_pieces(Made made, std::uint64_t hash, const fhir::Node* node, std::size_t from, const Trace& trace,
                          std::size_t traced, const V2Value& value) {
    if (pieces_.capacity() == 0) {  // what most messages take, at once
        pieces_.reserve(256);
        origins_.reserve(256);
        copied_.reserve(64);
    }
    made.first_piece = static_cast<std::uint32_t>(pieces_.size());
    made.first_origin = static_cast<std::uint32_t>(origins_.size());
    auto* top = const_cast<fhir::Node*>(node);
    flatten(top, 0, from, pieces_, made.first_piece);
    bool own = true;
    for (std::size_t i = traced; i < trace.size() && own; ++i)
        if (trace[i].node->offset != 0) own = keep_origin(trace[i], trace[i].node->offset, value);
    forget_numbers(top, from);
    made.pieces = static_cast<std::uint32_t>(pieces_.size()) - made.first_piece;
    return settle(made, hash, own);
}

bool Repeats::keep_resource(Made made, std::uint64_t hash, const Trace& trace, std::size_t traced,
                            const V2Value& value) {
    made.first_piece = static_cast<std::uint32_t>(pieces_.size());
    made.first_origin = static_cast<std::uint32_t>(origins_.size());
    bool own = true;
    for (std::size_t i = traced; i < trace.size() && own; ++i)
        if (trace[i].resource == made.resource || trace[i].resource == made.via) own = keep_origin(trace[i], 0, value);
    return settle(made, hash, own);
}

void Repeats::copy(const Made& made, fhir::MutableElement target, const V2Value& value, std::uint32_t resource,
                   Trace& trace) {
    copied_.assign(1, target.node());
    for (std::uint32_t i = 0; i < made.pieces; ++i) {
        const Piece& piece = pieces_[made.first_piece + i];
        copied_.push_back(target.add_below(copied_[piece.above], piece.name, piece.kind, piece.text, piece.flags));
    }
    const std::uint32_t moved = value.below().first->offset - made.offset;
    for (std::uint32_t i = 0; i < made.origins; ++i) {
        const Origin& origin = origins_[made.first_origin + i];
        TraceEntry& entry = trace.emplace_back();
        entry.node = origin.node ? origin.node : copied_[origin.piece];
        entry.resource = origin.node ? origin.resource : resource;
        entry.line = origin.line;
        entry.has_source = origin.has_source;
        if (!origin.has_source) continue;
        entry.source = origin.source;
        entry.source.segment = value.segment->number();
        entry.source.field = value.at.field;
        entry.source.repetition = value.at.repetition;
        entry.source.offset += moved;
    }
}

}  // namespace causeway::mappings
