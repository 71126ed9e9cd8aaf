// The flow files beside an API object: the last number that it saw of each flow, for RESUME.
#pragma once
#include <array>
#include <cstdint>
#include <cstdio>
#include <string>

namespace dropin {

class FlowFiles {
public:
    // `prefix` goes before each name as it is, as in the vendor's library. `with_flows`: trading.
    FlowFiles(const char *prefix, bool with_flows);
    ~FlowFiles();
    FlowFiles(const FlowFiles &) = delete;
    FlowFiles &operator=(const FlowFiles &) = delete;

    bool usable() const { return usable_; }  // false: the folder is not there
    void close();

    const std::array<char, 12> &trading_day() const { return day_; }
    // Another day than before: the numbers begin anew.
    void set_trading_day(const char (&day)[12]);
    void clear(const char (&day)[12]);

    uint32_t last(int flow) const { return last_[flow & 3]; }
    void saw(int flow, uint32_t sequence);

private:
    std::FILE *open(const char *prefix, const char *name);
    void load();
    void write_number(int flow);

    bool usable_ = true;
    std::array<char, 12> day_{};
    std::array<uint32_t, 4> last_{};          // by flow: 1 private, 2 public
    std::array<std::FILE *, 3> files_{};      // 0: the trading day
};

}  // namespace dropin
