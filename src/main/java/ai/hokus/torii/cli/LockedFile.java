package ai.hokus.torii.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Replaces a small file so that a reader finds the old content or the new, also after a power cut, and editors of any
 * process come one after another.
 *
 * <p>The lock is a file beside it that stays: whoever locks a file that is replaced or removed holds nothing. A symbolic
 * link is followed, so that what it points to is replaced, under that file's lock. A file that exists keeps its
 * permissions, group and owner (another member of a group that shares it becomes its owner); a new one is its owner's
 * alone.
 */
final class LockedFile {

    private static final int MAX_LINKS = 40;
    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rw-------");

    /** A FileLock is the process': a second thread gets an exception from it where it should wait. */
    private static final ReentrantLock ONE_OF_THIS_PROCESS = new ReentrantLock();

    private LockedFile() {}

    /** Makes the new content from the file that is to be replaced, which need not exist. */
    interface Edit {
        byte[] next(Path target) throws IOException;
    }

    /** The file's text. */
    static String text(Path file) throws IOException {
        return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
    }

    /** Replaces the file by what the edit makes of it; when that fails, everything is as before. Waits for its turn. */
    static void replace(Path file, Edit edit) throws IOException {
        Path target = target(file);
        // Files.createDirectories takes a link to a folder for a file that is in its way (JDK-8294193).
        if (!Files.isDirectory(target.getParent())) {
            Files.createDirectories(target.getParent());
        }
        Path lockFile = target.resolveSibling(target.getFileName() + ".lock");
        ONE_OF_THIS_PROCESS.lock();
        try (FileChannel channel = lockChannel(lockFile, target);
                FileLock lock = channel.lock()) {
            write(target, edit.next(target));
            assert lock.isValid();
        } finally {
            ONE_OF_THIS_PROCESS.unlock();
        }
    }

    /**
     * The lock file, made if need be. It is never followed as a link, and what has another name too is never given away:
     * who owns the folder could have put there what is not theirs.
     */
    private static FileChannel lockChannel(Path lockFile, Path target) throws IOException {
        try {
            FileChannel made = FileChannel.open(lockFile, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            share(lockFile, target);
            return made;
        } catch (FileAlreadyExistsException e) {
            if (!Files.isRegularFile(lockFile, LinkOption.NOFOLLOW_LINKS)) {
                throw new IOException("'" + lockFile + "' is no regular file; remove it", e);
            }
            if (hasOneName(lockFile)) {
                share(lockFile, target);
            }
            return FileChannel.open(lockFile, LinkOption.NOFOLLOW_LINKS, StandardOpenOption.WRITE);
        }
    }

    private static boolean hasOneName(Path file) throws IOException {
        return file.getFileSystem().supportedFileAttributeViews().contains("unix")
                && Integer.valueOf(1).equals(Files.getAttribute(file, "unix:nlink", LinkOption.NOFOLLOW_LINKS));
    }

    /** Where the links lead; the last one's target need not exist. */
    private static Path target(Path file) throws IOException {
        Path target = file;
        for (int i = 0; i < MAX_LINKS; i++) {
            if (!Files.isSymbolicLink(target)) {
                return target;
            }
            target = target.resolveSibling(Files.readSymbolicLink(target));
        }
        throw new FileSystemLoopException(file.toString());
    }

    private static void write(Path target, byte[] content) throws IOException {
        Path folder = target.getParent();
        Path next = Files.createTempFile(folder, target.getFileName().toString(), ".new", ownerOnly(folder));
        try {
            try (FileChannel channel = FileChannel.open(next, StandardOpenOption.WRITE)) {
                ByteBuffer bytes = ByteBuffer.wrap(content);
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
                keepOwnership(target, next);
                // Else the name could be on the disk before the content it stands for.
                channel.force(true);
            }
            Files.move(next, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(next);
        }
        flush(folder);
    }

    private static FileAttribute<?>[] ownerOnly(Path folder) throws IOException {
        return Files.getFileStore(folder).supportsFileAttributeView(PosixFileAttributeView.class)
                ? new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(OWNER_ONLY)}
                : new FileAttribute<?>[0];
    }

    /** Whoever may edit the file may lock it too, though root made the lock. */
    private static void share(Path lockFile, Path target) {
        try {
            keepOwnership(target, lockFile);
            PosixFileAttributeView view = view(lockFile);
            if (view != null && Files.exists(target)) {
                // A lock takes the right to write, also where the file itself is for reading alone.
                Set<PosixFilePermission> permissions = EnumSet.copyOf(Files.getPosixFilePermissions(target));
                permissions.add(PosixFilePermission.OWNER_WRITE);
                if (permissions.contains(PosixFilePermission.GROUP_READ)) {
                    permissions.add(PosixFilePermission.GROUP_WRITE);
                }
                view.setPermissions(permissions);
            }
        } catch (IOException e) {
            // It is another editor's, and was shared by that one.
            return;
        }
    }

    private static PosixFileAttributeView view(Path file) {
        return Files.getFileAttributeView(file, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS);
    }

    private static void keepOwnership(Path old, Path next) throws IOException {
        PosixFileAttributeView view = view(next);
        if (view == null || Files.notExists(old)) {
            return;
        }
        PosixFileAttributes before = Files.readAttributes(old, PosixFileAttributes.class);
        PosixFileAttributes made = view.readAttributes();
        try {
            if (!before.group().equals(made.group())) {
                view.setGroup(before.group());
            }
            if (!before.owner().equals(made.owner())) {
                keepOwner(view, before);
            }
        } catch (FileSystemException e) {
            // Going on would lock the gateway out that runs as this owner, or let another group in.
            throw new IOException(
                    "'" + old + "' belongs to " + before.owner() + ":" + before.group()
                            + ", which only that user or root can preserve; nothing was written",
                    e);
        }
        view.setPermissions(before.permissions());
    }

    /** Only root may give a file away; who shares it by its group need not. */
    private static void keepOwner(PosixFileAttributeView view, PosixFileAttributes before) throws IOException {
        try {
            view.setOwner(before.owner());
        } catch (FileSystemException e) {
            if (!before.permissions().contains(PosixFilePermission.GROUP_READ)) {
                throw e;
            }
        }
    }

    /** Makes the move itself last; not every system lets a folder be opened for that. */
    private static void flush(Path folder) {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (IOException e) {
            // The move has happened; only a power cut in this second could undo it, as a whole.
            return;
        }
    }
}
