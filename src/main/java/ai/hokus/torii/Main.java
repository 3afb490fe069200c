package ai.hokus.torii;

/** x. */
public final class Main {
    private Main() {}

    public static void main(String[] args) {
      System.out.println("x" );
    }
}
