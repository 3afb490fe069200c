package ai.hokus.torii.support;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * One way to break a message off: after how many bytes, how, and whether at once or only when the gateway has read them.
 */
public record Cut(String name, int offset, Ending ending, boolean isLate) {

    /** Every offset with every ending, at once and late. */
    public static List<Cut> all(Set<Integer> offsets, Set<Ending> endings) {
        List<Cut> all = new ArrayList<>();
        for (int offset : offsets) {
            for (Ending ending : endings) {
                for (boolean isLate : List.of(false, true)) {
                    all.add(new Cut(String.format("try-%05d", all.size()), offset, ending, isLate));
                }
            }
        }
        return all;
    }

    @Override
    public String toString() {
        return ending + (isLate ? " late" : " at once") + " after " + offset + " bytes";
    }
}
